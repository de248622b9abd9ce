/** What pages read, each with its key. A page asks by these, so that two pages share one answer. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, http } from "./client";
import type { EngineReport, paths } from "./schema";

type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Q } } }
  ? NonNullable<Q>
  : never;
export type JobsQuery = Query<"/api/jobs">;

export type EngineName = EngineReport["name"];

export const POLL_MS = 5_000;
/** How often what changes by itself is asked for, where no live stream tells. */

const UNSEEN_MS = 15_000;
/** What the tab's title and the desktop tell is asked for also by a page that nobody sees: it is for who does not. */
const ALSO_UNSEEN = {
  refetchInterval: () => (document.hidden ? UNSEEN_MS : POLL_MS),
  refetchIntervalInBackground: true,
};

export const jobsKey = ["jobs"] as const;

export function jobsQuery(query: JobsQuery) {
  return queryOptions({
    queryKey: [...jobsKey, "list", query],
    queryFn: ({ signal }) => answer(http.GET("/api/jobs", { params: { query }, signal })),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });
}

export function activeJobsQuery() {
  return queryOptions({
    queryKey: [...jobsKey, "active"],
    queryFn: ({ signal }) => answer(http.GET("/api/jobs/active", { signal })),
    ...ALSO_UNSEEN,
  });
}

export function jobQuery(jobId: number) {
  return queryOptions({
    queryKey: [...jobsKey, "one", jobId],
    queryFn: ({ signal }) => answer(http.GET("/api/jobs/{job_id}", { params: { path: { job_id: jobId } }, signal })),
  });
}

export const projectsKey = ["projects"] as const;

export function projectsQuery() {
  return queryOptions({
    queryKey: projectsKey,
    queryFn: ({ signal }) => answer(http.GET("/api/projects", { signal })),
  });
}

export function projectQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectsKey, projectId],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}", { params: { path: { project_id: projectId } }, signal })),
  });
}

export function projectStagesQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectsKey, projectId, "stages"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/stages", { params: { path: { project_id: projectId } }, signal })),
    refetchInterval: POLL_MS,
  });
}

export function healthQuery() {
  return queryOptions({
    queryKey: ["health"],
    queryFn: ({ signal }) => answer(http.GET("/api/health", { signal })),
    refetchInterval: POLL_MS,
  });
}

export const notificationsKey = ["notifications"] as const;

export function notificationsQuery(limit: number) {
  return queryOptions({
    queryKey: [...notificationsKey, limit],
    queryFn: ({ signal }) => answer(http.GET("/api/notifications", { params: { query: { limit } }, signal })),
    ...ALSO_UNSEEN,
  });
}

export function outlooksQuery(jobIds: readonly number[]) {
  return queryOptions({
    queryKey: [...jobsKey, "outlooks", jobIds],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/jobs/outlooks", { params: { query: { job_id: [...jobIds] } }, signal })),
    enabled: jobIds.length > 0,
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });
}

export function manifestQuery() {
  return queryOptions({
    queryKey: ["manifest"],
    queryFn: ({ signal }) => answer(http.GET("/api/manifest", { signal })),
    refetchInterval: 2_000,
  });
}

export function machineQuery() {
  return queryOptions({
    queryKey: ["machine"],
    queryFn: ({ signal }) => answer(http.GET("/api/machine", { signal })),
    refetchInterval: POLL_MS,
  });
}

/** Where work can be done, with what is on each; a cluster is not asked. */
export function enginesQuery() {
  return queryOptions({
    queryKey: ["engines"],
    queryFn: ({ signal }) => answer(http.GET("/api/engines", { signal })),
    refetchInterval: POLL_MS,
  });
}

export function thresholdsQuery() {
  return queryOptions({
    queryKey: ["thresholds"],
    queryFn: ({ signal }) => answer(http.GET("/api/thresholds", { signal })),
  });
}

export function alertsQuery() {
  return queryOptions({
    queryKey: ["alerts"],
    queryFn: ({ signal }) => answer(http.GET("/api/alerts", { signal })),
    refetchInterval: POLL_MS,
  });
}
