import { Anchor } from "@mantine/core";
import { notifications as toasts } from "@mantine/notifications";
import { useEffect, useRef } from "react";

import { placeOf } from "./places";
import type { Notification as Notice } from "@/api";
import { newSince } from "@/lib/announcements";

const SHOWN_MS = 8_000;
const COLORS: Record<Notice["severity"], string> = { info: "teal", warning: "orange", error: "red", critical: "red" };

/** Show what comes as toasts; on the desktop, too, where nobody looks at the page and the browser may. */
export function useAnnouncements(all: readonly Notice[] | undefined): void {
  const known = useRef<number | null>(null);
  useEffect(() => {
    if (all === undefined) {
      return;
    }
    const { fresh, known: newest } = newSince(known.current, all);
    known.current = newest;
    for (const notice of fresh) {
      toasts.show({
        id: `notice-${notice.id}`,
        title: notice.title,
        message: <Told notice={notice} />,
        color: COLORS[notice.severity],
        autoClose: notice.severity === "info" ? SHOWN_MS : false,
        closeButtonProps: { "aria-label": "Close" },
      });
      tellDesktop(notice);
    }
  }, [all]);
}

/** Toasts are drawn outside of the router, so that the link is a plain one. */
function Told({ notice }: { notice: Notice }) {
  return (
    <>
      {notice.line}{" "}
      <Anchor href={`#${placeOf(notice)}`} inherit underline="always">
        {notice.job_id === null ? "Show it" : `Show job ${notice.job_id}`}
      </Anchor>
    </>
  );
}

function tellDesktop(notice: Notice): void {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") {
    return;
  }
  const shown = new Notification(notice.title, { body: notice.line, tag: `brewslm-${notice.id}` });
  shown.onclick = () => {
    window.focus();
    window.location.hash = placeOf(notice);
  };
}
