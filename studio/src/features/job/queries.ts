/** What the page of a job reads besides the live stream. */
import { queryOptions, keepPreviousData } from "@tanstack/react-query";

import { answer, http, type Job } from "@/api";
import type { Curve } from "@/lib/run/curve";
import { rowsBetween } from "@/lib/run/curve";
import type { LoggedEvent } from "@/lib/run/log";
import { type LogRecord, recordOfRow, type RunRecord } from "@/lib/run/records";
import type { Snapshot } from "@/lib/run/state";
import { isObject } from "@/lib/json";

/** So many spans are drawn of a run of any length; a closer look asks for as many of a part. */
export const CHART_POINTS = 6_000;
const LOG_ROWS = 500;
const MOST_ROWS = 10_000;
const EVENT_PAGE = 1_000;
const MOST_EVENTS = 20_000;

const ofJob = (jobId: number) => ["job", jobId] as const;

export function childrenQuery(jobId: number) {
  return queryOptions({
    queryKey: [...ofJob(jobId), "children"],
    queryFn: async ({ signal }) => {
      const query = { parent_id: jobId, limit: 100 };
      return (await answer(http.GET("/api/jobs", { params: { query }, signal }))).jobs;
    },
  });
}

export function runHealthQuery(jobId: number) {
  return queryOptions({
    queryKey: [...ofJob(jobId), "health"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/jobs/{job_id}/health", { params: { path: { job_id: jobId } }, signal })),
    retry: false,
  });
}

export function artifactsQuery(jobId: number) {
  return queryOptions({
    queryKey: [...ofJob(jobId), "artifacts"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/jobs/{job_id}/artifacts", { params: { path: { job_id: jobId } }, signal })),
  });
}

/** A closer look at a part of the curve; nothing where all of it is there already. */
export function detailQuery(jobId: number | null, curve: Curve, range: { from: number; to: number } | null) {
  const rows = range === null || !curve.isThinned ? null : rowsBetween(curve.logs, range.from, range.to);
  return queryOptions({
    queryKey: [...ofJob(jobId ?? 0), "detail", rows?.after, rows?.until],
    queryFn: async ({ signal }) => {
      const query = { kind: "log", max_points: CHART_POINTS, after: Math.max(rows?.after ?? 0, 0), until: rows?.until };
      return logsIn(await readRows(jobId ?? 0, query, signal));
    },
    enabled: jobId !== null && rows !== null,
    staleTime: Infinity,
    gcTime: 30_000,
    placeholderData: keepPreviousData,
  });
}

/** The newest spans as they are, for statistics: those of so many rows of the journal, a page at a time. */
export async function readSpans(jobId: number, after: number, signal?: AbortSignal): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  let last = after;
  for (;;) {
    const page = await readRows(jobId, { kind: "log", after: last, limit: MOST_ROWS }, signal);
    found.push(...logsIn(page));
    const newest = page.at(-1);
    if (page.length < MOST_ROWS || newest === undefined) {
      return found;
    }
    last = newest.seq;
  }
}

/** Rows of the journal as records, in their order. */
export async function readRecords(
  jobId: number,
  after: number,
  limit: number,
  signal?: AbortSignal,
): Promise<RunRecord[]> {
  return readRows(jobId, { after, limit }, signal);
}

/** All RunEvents of a job and its steps. */
export async function readEvents(jobId: number, signal?: AbortSignal): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let after = 0;
  while (found.length < MOST_EVENTS) {
    const query = { after: String(after), limit: EVENT_PAGE };
    const params = { path: { job_id: jobId }, query };
    const answered = await answer(http.GET("/api/jobs/{job_id}/events", { params, signal }));
    const page = typeof answered === "string" ? [] : answered;
    for (const event of page) {
      found.push({
        seq: event.seq,
        at: Date.parse(event.occurred_at),
        runId: event.run_id,
        reason: event.reason,
        stage: event.stage,
        severity: event.severity,
        summary: event.summary,
        payload: isObject(event.payload) ? event.payload : {},
      });
    }
    const last = page.at(-1);
    if (page.length < EVENT_PAGE || last === undefined) {
      break;
    }
    after = last.seq;
  }
  return found;
}

/** Everything that the page of a job begins with. */
export async function loadRun(jobId: number, signal: AbortSignal): Promise<Snapshot> {
  const job = await answer(http.GET("/api/jobs/{job_id}", { params: { path: { job_id: jobId } }, signal }));
  const curveJobId = await trainingOf(job, signal);
  const [drawn, events] = await Promise.all([
    curveJobId === null ? null : loadCurve(curveJobId, signal),
    readEvents(jobId, signal),
  ]);
  return {
    curveJobId,
    events,
    records: drawn?.records ?? [],
    isThinned: drawn?.isThinned ?? false,
    recent: drawn?.recent ?? [],
  };
}

async function loadCurve(jobId: number, signal: AbortSignal) {
  const logs = await readRows(jobId, { kind: "log", max_points: CHART_POINTS }, signal);
  const kinds = ["baseline", "eval", "checkpoint", "started"];
  const others = await Promise.all(kinds.map((kind) => readRows(jobId, { kind, limit: MOST_ROWS }, signal)));
  const records = [...logs, ...others.flat()].sort((one, other) => one.seq - other.seq);
  const last = records.at(-1)?.seq ?? 0;
  const recent = await readRows(jobId, { after: Math.max(0, last - LOG_ROWS), limit: MOST_ROWS }, signal);
  return { records, recent, isThinned: last > CHART_POINTS };
}

async function trainingOf(job: Job, signal: AbortSignal): Promise<number | null> {
  if (job.kind === "train") {
    return job.id;
  }
  const query = { parent_id: job.id, kind: ["train" as const], limit: 1 };
  const found = await answer(http.GET("/api/jobs", { params: { query }, signal }));
  return found.jobs[0]?.id ?? null;
}

type Rows = { kind?: string; after?: number; until?: number; limit?: number; max_points?: number };

async function readRows(jobId: number, query: Rows, signal?: AbortSignal): Promise<RunRecord[]> {
  const params = { path: { job_id: jobId }, query };
  const rows = await answer(http.GET("/api/jobs/{job_id}/metrics", { params, signal }));
  return rows.flatMap((row) => recordOfRow(row.seq, row.kind, row.body) ?? []);
}

function logsIn(records: readonly RunRecord[]): LogRecord[] {
  return records.filter((record) => record.kind === "log");
}
