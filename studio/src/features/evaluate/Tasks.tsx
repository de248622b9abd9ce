import { Stack, Text, Title } from "@mantine/core";

import { Confusion } from "./Confusion";
import { Failing } from "./Failing";
import { Metrics } from "./Metrics";
import type { ArtifactRecord } from "@/api";
import { Panel } from "@/components/Panel";
import { Said } from "@/components/Said";
import { formatCount } from "@/lib/numbers";
import { type Probe, type Task, worstFirst } from "@/lib/reports/tasks";

/** What was measured: each task with its metrics, its slices, its labels, and the rows that fail. */
export function Tasks({ record, tasks }: { record: ArtifactRecord; tasks: readonly Task[] }) {
  return tasks.map((task) => <One key={task.id} record={record} task={task} />);
}

function One({ record, task }: { record: ArtifactRecord; task: Task }) {
  const slices = worstFirst(task);
  const method = task.metrics[0]?.method ?? "";
  return (
    <>
      <Panel title={`Metrics of ${task.id}`}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {formatCount(task.numRows)} rows of the {task.rows} split
            {task.numAnswered > 0 && `, ${formatCount(task.numAnswered)} of them answered`}.
          </Text>
          <Metrics label={`${task.id}, base and tuned`} first="Metric" metrics={task.metrics} />
          {task.missing.length > 0 && (
            <Text size="sm">Not measured, for no row has what it needs: {task.missing.join(", ")}.</Text>
          )}
          {slices.length > 0 && (
            <>
              <Title order={3} size="h5">
                Slices by {task.metrics[0]?.name}, the worst first
              </Title>
              <Metrics
                label={`Slices of ${task.id}`}
                first="Slice"
                metrics={slices.map(({ slice, metric }) => ({ ...metric, title: slice }))}
                {...(task.worstSlice === null ? {} : { worst: task.worstSlice })}
              />
            </>
          )}
          {method !== "" && (
            <Text size="xs" c="dimmed">
              95 % intervals: <Said>{method}</Said>. A verdict asks besides whether answers swapped row by row would
              explain it.
            </Text>
          )}
        </Stack>
      </Panel>
      {task.confusions.length > 0 && <Confusion task={task} />}
      <Failing record={record} task={task} />
    </>
  );
}

/** What a tuning made the model forget. */
export function General({ probe }: { probe: Probe }) {
  return (
    <Panel title="General ability">
      <Metrics
        label="General ability, base and tuned"
        first="Probe"
        metrics={[
          { ...probe.texts, title: "General text, bits per byte" },
          { ...probe.instructions, title: "Plain instructions followed, share" },
        ]}
      />
    </Panel>
  );
}
