import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";

import { jobsKey, notificationsKey, projectsKey } from "@/api";
import { LiveContext } from "@/components/live";
import { Follower, type Link } from "@/lib/stream/follower";

/** At most so often are questions asked again, however much happens. */
const SETTLE_MS = 1_000;
/** Of these nothing in a list changes; the page of a job follows them by itself. */
const IRRELEVANT = new Set(["training.log", "run.notice"]);
/** How far a job is: said with every step, and of no interest to the rest of a page. */
const PROGRESS = "job.progress";
const EVERYTHING = [jobsKey, notificationsKey, projectsKey];

/** Follow the workspace in one stream, and ask again for what has changed. Without it pages ask every few seconds. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [link, setLink] = useState<Link>("connecting");
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOnlyProgress = true;
    const refresh = () => {
      timer = undefined;
      for (const queryKey of isOnlyProgress ? [jobsKey] : EVERYTHING) {
        void client.invalidateQueries({ queryKey });
      }
      isOnlyProgress = true;
    };
    const follower = new Follower("/api/events", {
      onFrame: ({ name }) => {
        if (!IRRELEVANT.has(name)) {
          isOnlyProgress &&= name === PROGRESS;
          timer ??= setTimeout(refresh, SETTLE_MS);
        }
      },
      onFresh: () => {
        isOnlyProgress = false;
        refresh();
      },
      onLink: setLink,
    });
    return () => {
      clearTimeout(timer);
      follower.close();
    };
  }, [client]);
  return <LiveContext value={link}>{children}</LiveContext>;
}
