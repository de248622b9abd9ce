import { useMemo, useSyncExternalStore } from "react";

import { loadRun } from "./queries";
import { RunStore, type RunView } from "@/lib/run/store";

const HIDDEN_MS = 1_000;

/** Follow a job live, for as long as the page is open. */
export function useRun(jobId: number): RunView {
  const store = useMemo(
    () =>
      new RunStore(jobId, {
        url: `/api/jobs/${jobId}/events`,
        load: (signal) => loadRun(jobId, signal),
        schedule: oncePerPicture,
      }),
    [jobId],
  );
  return useSyncExternalStore(store.subscribe, store.get);
}

/** With the next picture; a page that nobody sees draws none, and is changed once a second. */
function oncePerPicture(callback: () => void): () => void {
  if (document.hidden) {
    const timer = setTimeout(callback, HIDDEN_MS);
    return () => clearTimeout(timer);
  }
  const frame = requestAnimationFrame(callback);
  return () => cancelAnimationFrame(frame);
}
