/** What the page of a project's activity reads. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, type BundleLink, http, POLL_MS, type ReasonFacts, type RunEvent } from "@/api";

const PAGE_EVENTS = 1_000;

export type EventFilter = { severity: RunEvent["severity"][]; stage: ReasonFacts["stage"][]; before: number | null };

/** The newest events of a project that fit, in ascending order. */
export function eventsQuery(projectId: number, { severity, stage, before }: EventFilter, limit: number) {
  return queryOptions({
    queryKey: ["events", projectId, severity, stage, before, limit],
    queryFn: async ({ signal }): Promise<RunEvent[]> => {
      const query = { project_id: projectId, severity, stage, limit, ...(before === null ? {} : { before }) };
      const found = await answer(http.GET("/api/events", { params: { query }, signal }));
      return typeof found === "string" ? [] : found;
    },
    placeholderData: keepPreviousData,
    ...(before === null ? { refetchInterval: POLL_MS } : { staleTime: Infinity }),
  });
}

/** All events of a project as JSON, one a line. */
export async function readAllEvents(projectId: number): Promise<string[]> {
  const lines: string[] = [];
  for (let after = 0; ;) {
    const params = { path: { project_id: projectId }, query: { after: String(after), limit: PAGE_EVENTS } };
    const found = await answer(http.GET("/api/projects/{project_id}/events", { params }));
    const page = typeof found === "string" ? [] : found;
    lines.push(...page.map((event) => `${JSON.stringify(event)}\n`));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_EVENTS) {
      return lines;
    }
    after = last.seq;
  }
}

/** Runs with their steps and recoveries; pages go on before the last run of the page before. */
export function timelineQuery(projectId: number, before: number | null, limit: number) {
  const query = { project_id: projectId, limit, ...(before === null ? {} : { before }) };
  return queryOptions({
    queryKey: ["timeline", query],
    queryFn: ({ signal }) => answer(http.GET("/api/timeline", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });
}

/** What failed, by its cause; pages go on before the last failure of the page before. */
export function failuresQuery(projectId: number, before: number | null, limit: number) {
  const query = { project_id: projectId, limit, ...(before === null ? {} : { before }) };
  return queryOptions({
    queryKey: ["failures", query],
    queryFn: ({ signal }) => answer(http.GET("/api/failures", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });
}

/** Make a bundle for those who help, and a link to it. */
export function makeSupportBundle(): Promise<BundleLink> {
  return answer(http.POST("/api/support-bundles"));
}

/** Whether the record of what happened is whole; with files, every artifact is hashed, too. */
export function auditQuery(hasFiles: boolean) {
  return queryOptions({
    queryKey: ["audit", hasFiles],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/audit/verify", { params: { query: { has_files: hasFiles } }, signal })),
    staleTime: Infinity,
  });
}
