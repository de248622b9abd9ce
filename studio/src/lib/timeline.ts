/** Runs beside each other in time. */
import type { Job, RunNode } from "@/api";

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

export type TimelineRow = {
  key: string;
  depth: number;
  name: string;
  jobId: number | null;
  status: RunNode["status"];
  /** A cause and what was done about it, of a recovery; else null. */
  note: string | null;
  started_at: string | null;
  finished_at: string | null;
};

/** A run as a row, and where it is open its recoveries and steps below it, all the way down. */
export function rowsOf(run: RunNode, isOpen: boolean, depth = 0): TimelineRow[] {
  const row: TimelineRow = {
    key: run.run_id,
    depth,
    name: run.run_id,
    jobId: run.job_id,
    status: run.status,
    note: null,
    started_at: run.started_at,
    finished_at: run.ended_at,
  };
  if (!isOpen) {
    return [row];
  }
  const recoveries = run.recoveries.map(({ seq, cause, action, started_at, ended_at }): TimelineRow => ({
    key: `recovery ${seq}`,
    depth: depth + 1,
    name: "recovery",
    jobId: null,
    status: null,
    note: action === null ? cause : `${cause} → ${action}`,
    started_at,
    finished_at: ended_at,
  }));
  return [row, ...recoveries, ...run.steps.flatMap((step) => rowsOf(step, true, depth + 1))];
}

/** How many rows a run has when it is open, besides its own. */
export function numBelow(run: RunNode): number {
  return rowsOf(run, true).length - 1;
}
