/** What the page of experiments reads of each training. */
import { queryOptions } from "@tanstack/react-query";

import { answer, http, POLL_MS } from "@/api";
import { type Curve, EMPTY, withRecords } from "@/lib/run/curve";
import { recordOfRow } from "@/lib/run/records";

/** So many spans are drawn of each. */
const CHART_POINTS = 2_000;
const MOST_EVALS = 10_000;

/** The losses of a training, thinned to what a chart can show. A running one is read again every few seconds. */
export function curveQuery(jobId: number, isRunning: boolean) {
  return queryOptions({
    queryKey: ["job", jobId, "curve"],
    queryFn: async ({ signal }): Promise<Curve> => {
      const parts = await Promise.all([
        rows(jobId, { kind: "log", max_points: CHART_POINTS }, signal),
        rows(jobId, { kind: "baseline" }, signal),
        rows(jobId, { kind: "eval", limit: MOST_EVALS }, signal),
      ]);
      return withRecords(
        EMPTY,
        parts.flat().sort((one, other) => one.seq - other.seq),
      );
    },
    ...(isRunning ? { refetchInterval: POLL_MS } : {}),
  });
}

async function rows(jobId: number, query: { kind: string; limit?: number; max_points?: number }, signal: AbortSignal) {
  const params = { path: { job_id: jobId }, query };
  const found = await answer(http.GET("/api/jobs/{job_id}/metrics", { params, signal }));
  return found.flatMap((row) => recordOfRow(row.seq, row.kind, row.body) ?? []);
}
