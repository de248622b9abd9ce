/** What is asked of a project's data and trainings: the questions of its pages, and the work that they start. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, http } from "./client";
import { jobQuery, POLL_MS, projectsKey } from "./queries";
import type { ArtifactRecord, Job } from "./schema";

const FOLLOW_MS = 700;

export type ArtifactKind = ArtifactRecord["kind"];

/** Everything that a finished stage may have changed of a project is asked for again under this key. */
export function projectKey(projectId: number) {
  return [...projectsKey, projectId] as const;
}

/** A project's artifacts of one kind, the oldest first. */
export function artifactsOfKindQuery(projectId: number, kind?: ArtifactKind) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "artifacts", kind ?? "all"],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/artifacts", {
          params: { path: { project_id: projectId }, query: kind === undefined ? {} : { kind } },
          signal,
        }),
      ),
    refetchInterval: POLL_MS,
  });
}

export function projectArtifactQuery(projectId: number, artifactId: string) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "artifact", artifactId],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/artifacts/{artifact_id}", {
          params: { path: { project_id: projectId, artifact_id: artifactId } },
          signal,
        }),
      ),
    staleTime: Infinity,
  });
}

/** A job that a page has asked for; until it is over it is looked at often. */
export function followedJobQuery(jobId: number) {
  return queryOptions({
    ...jobQuery(jobId),
    enabled: jobId > 0,
    refetchInterval: ({ state }) => (state.data !== undefined && isEnded(state.data) ? false : FOLLOW_MS),
  });
}

export function manifestsQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "manifests"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/manifests", { params: { path: { project_id: projectId } }, signal })),
  });
}

export type TableQuestion = { artifactId: string; table: string; start: number; limit: number; where: string[] };

export function tableQuery(projectId: number, { artifactId, table, start, limit, where }: TableQuestion) {
  const path = { project_id: projectId, artifact_id: artifactId, table };
  return queryOptions({
    queryKey: [...projectKey(projectId), "table", artifactId, table, start, limit, where],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/artifacts/{artifact_id}/tables/{table}", {
          params: { path, query: { start, limit, where } },
          // A table's name may hold a slash, which belongs into the address as it is.
          pathSerializer: (pathname) =>
            pathname
              .replace("{project_id}", String(projectId))
              .replace("{artifact_id}", encodeURIComponent(artifactId))
              .replace("{table}", table.split("/").map(encodeURIComponent).join("/")),
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

function isEnded(job: Job): boolean {
  return job.status === "completed" || job.status === "failed" || job.status === "cancelled";
}
