import { Anchor, Button, Group, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import {
  answer,
  type Calibration,
  calibrationQuery,
  type EngineName,
  type ForecastRequest,
  type ForecastView,
  http,
} from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { ScrollTable } from "@/components/ScrollTable";
import { VerdictBadge } from "@/components/VerdictBadge";
import { EngineSelect } from "@/components/work/EngineSelect";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { formatMeasured } from "@/lib/figures";
import { formatCount } from "@/lib/numbers";

/** Whether the newest plan will probably beat its base, and how earlier forecasts came out. */
export function Outlook({ projectId }: { projectId: number }) {
  const calibration = useQuery(calibrationQuery(projectId));
  const [engine, setEngine] = useState<EngineName>("local");
  const work = useWork(projectId, (body: ForecastRequest) => {
    const params = { path: { project_id: projectId }, query: { engine } };
    return answer(http.POST("/api/projects/{project_id}/forecasts", { params, body }));
  });
  return (
    <Panel
      title="What to expect"
      actions={
        <Button size="compact-xs" variant="default" loading={work.isBusy} onClick={() => work.start({})}>
          Forecast the newest plan
        </Button>
      }
    >
      <EngineSelect value={engine} onChange={setEngine} />
      <WorkNotice job={work.job} error={work.error} />
      <QueryView
        query={calibration}
        isEmpty={({ forecasts }) => forecasts.length === 0}
        empty={
          <EmptyState title="No forecast was made yet." command={`brewslm forecast --project ${projectId}`}>
            It scores the base on eval rows and trains for a few steps: advice before the training, not a gate.
          </EmptyState>
        }
      >
        {(found) => <Shown found={found} />}
      </QueryView>
    </Panel>
  );
}

type Found = Pick<Calibration, "brier_score" | "forecasts" | "num_ended" | "num_inside">;

function Shown({ found }: { found: Found }) {
  const newest = found.forecasts[0];
  return (
    <>
      {newest !== undefined && <Newest view={newest} />}
      {found.num_ended > 0 && <Past found={found} />}
    </>
  );
}

const COLORS: Readonly<Record<string, string>> = { likely: "better", borderline: "same", unlikely: "worse" };

function Newest({ view }: { view: ForecastView }) {
  const { outlook, probability, loss, base_loss, base_model, num_rows, facts } = view.forecast;
  return (
    <>
      <Group gap="xs" mb={4}>
        <VerdictBadge verdict={COLORS[outlook] ?? "same"} label={outlook} />
        <Text size="sm">
          to beat its base by the gates ({Math.round(100 * probability)} %), <Said>{base_model}</Said>,{" "}
          <RelativeTime at={view.created_at} />
        </Text>
      </Group>
      <Text size="sm" className="studio-wrap">
        Estimated eval loss <strong>{formatMeasured(loss.expected)}</strong>, in 8 of 10 such runs between{" "}
        {formatMeasured(loss.low)} and {formatMeasured(loss.high)}; the untuned base has {formatMeasured(base_loss)} on{" "}
        {formatCount(num_rows)} eval rows (measured).
      </Text>
      <ul style={{ margin: "0.25rem 0 0", paddingLeft: "1.25rem" }}>
        {facts.map((fact) => (
          <li key={fact}>
            <Text size="sm" c="dimmed" className="studio-wrap">
              {fact}
            </Text>
          </li>
        ))}
      </ul>
    </>
  );
}

function Past({ found }: { found: Found }) {
  const brier = found.brier_score;
  return (
    <>
      <Text size="sm" mt="sm" className="studio-wrap">
        {found.num_inside} of {found.num_ended} forecasts held their range, where 8 of 10 are meant to
        {brier === null ? "" : `; Brier score ${formatMeasured(brier, 3)} (0 is perfect, 0.25 a coin)`}.
      </Text>
      <ScrollTable
        label="Forecasts and what came of them"
        minWidth={560}
        head={["Training", "Outlook", "Predicted loss", "Came to", "Range", "Gates"]}
      >
        {found.forecasts.map((view) => (
          <Table.Tr key={view.id}>
            <Table.Td>
              <Anchor component={Link} to={`/jobs/${view.job_id}`} size="sm">
                {view.experiment_id === null ? `job ${view.job_id}` : `experiment ${view.experiment_id}`}
              </Anchor>
            </Table.Td>
            <Table.Td>
              {view.forecast.outlook}, {Math.round(100 * view.forecast.probability)} %
            </Table.Td>
            <Table.Td>{formatMeasured(view.forecast.loss.expected)}</Table.Td>
            <Table.Td>{view.eval_loss === null ? "not trained yet" : formatMeasured(view.eval_loss)}</Table.Td>
            <Table.Td>{wordFor(view.is_inside, "held", "left")}</Table.Td>
            <Table.Td>{wordFor(view.passed, "passed", "failed")}</Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
    </>
  );
}

function wordFor(value: boolean | null, yes: string, no: string): string {
  return value === null ? "" : value ? yes : no;
}
