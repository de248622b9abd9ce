/** What a project keeps, each with its key: artifacts, experiments, releases, gates, results. */
import { queryOptions } from "@tanstack/react-query";

import { answer, http } from "./client";
import { POLL_MS } from "./queries";

const ofProject = (projectId: number) => ({ params: { path: { project_id: projectId } } });

export function resultsQuery(jobId: number) {
  return queryOptions({
    queryKey: ["job", jobId, "results"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/jobs/{job_id}/results", { params: { path: { job_id: jobId } }, signal })),
    retry: false,
  });
}

export function artifactQuery(projectId: number, artifactId: string) {
  const path = { project_id: projectId, artifact_id: artifactId };
  return queryOptions({
    queryKey: ["artifact", projectId, artifactId],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/artifacts/{artifact_id}", { params: { path }, signal })),
    staleTime: Infinity,
  });
}

export function gatesQuery(projectId: number) {
  return queryOptions({
    queryKey: ["gates", projectId],
    queryFn: ({ signal }) => answer(http.GET("/api/gates", { params: { query: { project_id: projectId } }, signal })),
  });
}

export function reasonsQuery() {
  return queryOptions({
    queryKey: ["reasons"],
    queryFn: ({ signal }) => answer(http.GET("/api/reasons", { signal })),
    staleTime: Infinity,
  });
}

export function experimentsQuery(projectId: number) {
  return queryOptions({
    queryKey: ["experiments", projectId],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/experiments", { ...ofProject(projectId), signal })),
    refetchInterval: POLL_MS,
  });
}

export function releasesQuery(projectId: number) {
  return queryOptions({
    queryKey: ["releases", projectId],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/releases", { ...ofProject(projectId), signal })),
    refetchInterval: POLL_MS,
  });
}

export const gateModesKey = (projectId: number) => ["gates", projectId, "modes"] as const;

/** Who decides at the end of each stage. */
export function gateModesQuery(projectId: number) {
  return queryOptions({
    queryKey: gateModesKey(projectId),
    queryFn: ({ signal }) => answer(http.GET("/api/projects/{project_id}/gates", { ...ofProject(projectId), signal })),
  });
}

/** A page of a table of an artifact. */
export function tablePageQuery(projectId: number, artifactId: string, table: string, query: TableQuery) {
  const path = { project_id: projectId, artifact_id: artifactId, table };
  return queryOptions({
    queryKey: ["artifact", projectId, artifactId, "table", table, query],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/artifacts/{artifact_id}/tables/{table}", {
          params: { path, query },
          signal,
        }),
      ),
    staleTime: Infinity,
  });
}

export type TableQuery = { start: number; limit: number; where?: string[] };
