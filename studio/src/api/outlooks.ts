/** Which base model suits the data, what a plan will probably come to, and which of several recipes is the best. */
import { queryOptions } from "@tanstack/react-query";

import { answer, http } from "./client";
import { POLL_MS } from "./queries";
import type { Sweep } from "./schema";
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

/** A project's sweeps; looked at again while any of their trainings has not ended. */
export function sweepsQuery(projectId: number) {
  return queryOptions({
    queryKey: [...projectKey(projectId), "sweeps"],
    queryFn: ({ signal }) => answer(http.GET("/api/projects/{project_id}/sweeps", { ...ofProject(projectId), signal })),
    refetchInterval: ({ state }) => (state.data?.some(isGoingOn) === true ? POLL_MS : false),
  });
}

function isGoingOn(sweep: Sweep): boolean {
  return sweep.runs.some(({ status }) => status === "queued" || status === "running");
}
