/** Which base model suits the data, and what a plan will probably come to. */
import { queryOptions } from "@tanstack/react-query";

import { answer, http } from "./client";
import { projectKey } from "./work";

const ofProject = (projectId: number) => ({ params: { path: { project_id: projectId } } });

export function benchmarksQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "benchmarks"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/benchmarks", { ...ofProject(projectId), signal })),
  });
}

export function calibrationQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "forecasts"],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/forecasts/calibration", { ...ofProject(projectId), signal })),
  });
}
