/** What the page of evaluations reads besides the reports. */
import { queryOptions } from "@tanstack/react-query";

import { answer, http, projectKey } from "@/api";
import { type Scored, scoredOf } from "@/lib/reports/examples";

const PAGE_ROWS = 1_000;
/** So many rows are sorted in the browser; more are only shown in their order. */
export const MOST_SORTED = 10_000;

/** All examples of a split with their losses, to be sorted. */
export function allScoredQuery(projectId: number, reportId: string, split: string) {
  return queryOptions({
    queryKey: ["artifact", projectId, reportId, "scored", split],
    queryFn: async ({ signal }): Promise<Scored[]> => {
      const found: Scored[] = [];
      for (let start = 0; start < MOST_SORTED; start += PAGE_ROWS) {
        const path = { project_id: projectId, artifact_id: reportId, table: split };
        const params = { path, query: { start, limit: PAGE_ROWS } };
        const page = await answer(
          http.GET("/api/projects/{project_id}/artifacts/{artifact_id}/tables/{table}", { params, signal }),
        );
        found.push(...page.rows.map(scoredOf));
        if (start + page.rows.length >= page.num_rows || page.rows.length === 0) {
          break;
        }
      }
      return found;
    },
    staleTime: Infinity,
  });
}

export type FailingQuestion = { report: string; task: string; slice: string | null; start: number; limit: number };

/** A page of the rows that the tuned model fails. */
export function failingQuery(projectId: number, { slice, ...question }: FailingQuestion) {
  const query = slice === null ? question : { ...question, slice };
  return queryOptions({
    queryKey: [...projectKey(projectId), "failing", query],
    queryFn: ({ signal }) =>
      answer(
        http.GET("/api/projects/{project_id}/failures", {
          params: { path: { project_id: projectId }, query },
          signal,
        }),
      ),
    staleTime: Infinity,
  });
}

/** The eval packs of the workspace. */
export function packsQuery() {
  return queryOptions({
    queryKey: ["eval-packs"],
    queryFn: ({ signal }) => answer(http.GET("/api/eval-packs", { signal })),
  });
}
