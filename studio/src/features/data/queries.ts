/** What the pages of a project's data ask for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, http, projectKey, type RejectionReason, type Xray } from "@/api";

export const PAGE_ROWS = 25;

export function samplesQuery() {
  return queryOptions({
    queryKey: ["samples"],
    queryFn: ({ signal }) => answer(http.GET("/api/samples", { signal })),
    staleTime: Infinity,
  });
}

export function mappingsQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "mappings"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/mappings", { params: { path: { project_id: projectId } }, signal })),
  });
}

export function dataHealthQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "data-health"],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/data-health", { params: { path: { project_id: projectId } }, signal }),
      ),
  });
}

export function tablesQuery(projectId: number, artifactId: string) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "tables", artifactId],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/artifacts/{artifact_id}/tables", {
          params: { path: { project_id: projectId, artifact_id: artifactId } },
          signal,
        }),
      ),
    enabled: artifactId !== "",
    staleTime: Infinity,
  });
}

export type RejectionsQuestion = { reason?: RejectionReason; contains: string; start: number };

export function rejectionsQuery(projectId: number, datasetId: string, question: RejectionsQuestion) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "rejections", datasetId, question],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/datasets/{dataset_id}/rejections", {
          params: {
            path: { project_id: projectId, dataset_id: datasetId },
            query: { ...question, limit: PAGE_ROWS },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function traceQuery(projectId: number, sourceRow: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "trace", sourceRow],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/rows/{source_row}", {
          params: { path: { project_id: projectId, source_row: sourceRow } },
          signal,
        }),
      ),
    retry: false,
  });
}

export type XrayQuestion = { manifestId: string; split: Xray["split"]; index: number; isRejected: boolean };

export function xrayQuery(projectId: number, { manifestId, split, index, isRejected }: XrayQuestion) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "xray", manifestId, split, index, isRejected],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/manifests/{artifact_id}/xray/{split}/{index}", {
          params: {
            path: { project_id: projectId, artifact_id: manifestId, split, index },
            query: { is_rejected: isRejected },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
  });
}
