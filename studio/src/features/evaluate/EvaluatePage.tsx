import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";

import { Report } from "./Report";
import { RunEvaluation } from "./RunEvaluation";
import { artifactsOfKindQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { StageGates } from "@/components/StageGates";
import { idOf } from "@/lib/ids";
import { evaluationOf } from "@/lib/reports/evaluation";
import { formatMoment } from "@/lib/time";

/** Base against tuned on the same rows: the newest report, or an earlier one. */
export function EvaluatePage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const [params, setParams] = useSearchParams();
  const reports = useQuery(artifactsOfKindQuery(projectId, "eval_report"));
  return (
    <Page title="Evaluate" lead="The tuned model beside its untuned base, on rows that it was not trained on.">
      <QueryView
        query={reports}
        isEmpty={(all) => all.length === 0}
        empty={
          <Panel>
            <EmptyState title="No evaluation yet." command={`brewslm evaluate --project ${projectId}`}>
              A training that goes through autopilot ends with one.
            </EmptyState>
          </Panel>
        }
      >
        {(all) => {
          const newest = all.toReversed();
          const shown = newest.find(({ id }) => id === params.get("report")) ?? newest[0];
          return (
            <>
              {newest.length > 1 && (
                <Select
                  size="xs"
                  maw={420}
                  label="Report"
                  searchable
                  allowDeselect={false}
                  data={newest.map(({ id, created_at, body }) => ({
                    value: id,
                    label: `${formatMoment(created_at)} · ${evaluationOf(body).verdict} · ${id}`,
                  }))}
                  value={shown?.id ?? null}
                  onChange={(id) => setParams(id === null ? {} : { report: id }, { replace: true })}
                />
              )}
              {shown !== undefined && <Report key={shown.id} record={shown} />}
            </>
          );
        }}
      </QueryView>
      <RunEvaluation projectId={projectId} />
      <StageGates projectId={projectId} stages={["evaluate"]} />
    </Page>
  );
}
