/** Runs beside each other in time. */
import type { Job } from "@/api";

export type Bar = { left: number; width: number };

/** The least share of the width that a bar is drawn with, so that a short run can be seen. */
export const LEAST = 0.4;

/** Where each run lies between the first start and the last end, in percent; null for what has not started. */
export function barsOf(jobs: readonly Pick<Job, "started_at" | "finished_at">[], nowMs: number): (Bar | null)[] {
  const spans = jobs.map(({ started_at, finished_at }) =>
    started_at === null
      ? null
      : { from: Date.parse(started_at), to: finished_at === null ? nowMs : Date.parse(finished_at) },
  );
  const known = spans.filter((span) => span !== null);
  const first = Math.min(...known.map(({ from }) => from));
  const whole = Math.max(1, Math.max(...known.map(({ to }) => to)) - first);
  return spans.map((span) => {
    if (span === null) {
      return null;
    }
    const width = Math.min(100, Math.max(LEAST, (100 * (span.to - span.from)) / whole));
    return { left: Math.min((100 * (span.from - first)) / whole, 100 - width), width };
  });
}
