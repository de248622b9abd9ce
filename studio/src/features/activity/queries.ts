/** What the page of a project's activity reads. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { EventQuery } from "./choice";
import { answer, type BundleLink, http, POLL_MS, type RunEvent } from "@/api";

/** The newest events of a project that fit, in ascending order. */
export function eventsQuery(projectId: number, choice: EventQuery, before: number | null, limit: number) {
  const query = { ...choice, project_id: projectId, limit, ...(before === null ? {} : { before }) };
  return queryOptions({
    queryKey: ["events", query],
    queryFn: async ({ signal }): Promise<RunEvent[]> => {
      const found = await answer(http.GET("/api/events", { params: { query }, signal }));
      return typeof found === "string" ? [] : found;
    },
    placeholderData: keepPreviousData,
    ...(before === null ? { refetchInterval: POLL_MS } : { staleTime: Infinity }),
  });
}

/** Runs with such an event, with their steps and recoveries; pages go on before the last run of the page before. */
export function timelineQuery(projectId: number, choice: EventQuery, before: number | null, limit: number) {
  const query = { ...choice, project_id: projectId, limit, ...(before === null ? {} : { before }) };
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
