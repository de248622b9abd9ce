import { Anchor, Button, Group, Stack, Table, Text, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { answer, http, jobsKey, projectKey, type Sweep, type SweepRequest, sweepsQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { ScrollTable } from "@/components/ScrollTable";
import { StatusBadge } from "@/components/StatusBadge";
import { VerdictBadge } from "@/components/VerdictBadge";
import { MOST_COMPARED } from "@/lib/experiments";
import { formatMeasured } from "@/lib/figures";
import { gridIn, sizeOf } from "@/lib/grid";

type SweepsProps = { projectId: number; onCompare: (experimentIds: readonly number[]) => void };

/** Several trainings that differ in a few fields: asked for here, and compared by what they came to. */
export function Sweeps({ projectId, onCompare }: SweepsProps) {
  const sweeps = useQuery(sweepsQuery(projectId));
  return (
    <Panel title="Sweeps">
      <Stack gap="md">
        <Form projectId={projectId} />
        <QueryView
          query={sweeps}
          isEmpty={(all) => all.length === 0}
          empty={
            <EmptyState
              title="No sweeps yet."
              command={`brewslm sweep run --project ${projectId} --grid optim.learning_rate=1e-3,3e-3`}
            >
              One training for each combination of values, on the same data, as many at once as there is room for.
            </EmptyState>
          }
        >
          {(all) => all.map((sweep) => <Shown key={sweep.name} sweep={sweep} onCompare={onCompare} />)}
        </QueryView>
      </Stack>
    </Panel>
  );
}

function Form({ projectId }: { projectId: number }) {
  const [text, setText] = useState("");
  const client = useQueryClient();
  const grid = gridIn(text);
  const size = grid === null ? 0 : sizeOf(grid);
  const order = useMutation({
    mutationFn: (body: SweepRequest) =>
      answer(http.POST("/api/projects/{project_id}/sweeps", { params: { path: { project_id: projectId } }, body })),
    onSuccess: async () => {
      setText("");
      await client.invalidateQueries({ queryKey: projectKey(projectId) });
      await client.invalidateQueries({ queryKey: jobsKey });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        order.mutate({ grid: grid ?? {} });
      }}
    >
      <Stack gap="sm">
        <Textarea
          label="Values to try"
          description="One field of the recipe a line, with commas between the values"
          placeholder={"optim.learning_rate = 1e-3, 3e-3\nlora.lora_rank = 8, 32"}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={grid === null ? "Write each line as field = value, value" : undefined}
          autosize
          minRows={2}
          classNames={{ input: "studio-mono" }}
        />
        <Group gap="sm">
          <Button type="submit" variant="default" disabled={size === 0 || order.isPending}>
            {size === 0 ? "Train" : `Train ${size} ${size === 1 ? "time" : "times"}`}
          </Button>
        </Group>
        {order.error !== null && <ErrorNotice error={order.error} />}
      </Stack>
    </form>
  );
}

function Shown({ sweep, onCompare }: { sweep: Sweep; onCompare: SweepsProps["onCompare"] }) {
  const best = sweep.runs[0]?.eval_loss == null ? undefined : sweep.runs[0];
  const made = sweep.runs.flatMap(({ experiment_id }) => experiment_id ?? []).slice(0, MOST_COMPARED);
  return (
    <div>
      <Group justify="space-between" gap="xs" mb="xs">
        <Text size="sm" className="studio-wrap">
          <strong>{sweep.name}</strong>, <RelativeTime at={sweep.created_at} />.{" "}
          {best === undefined
            ? "None of its trainings has ended."
            : `The lowest eval loss is ${formatMeasured(best.eval_loss, 4)}: ${Object.entries(best.values)
                .map(([field, value]) => `${field} = ${value}`)
                .join(", ")}.`}
        </Text>
        {made.length > 1 && (
          <Button size="compact-sm" variant="default" onClick={() => onCompare(made)}>
            {`Compare the curves of ${sweep.name}`}
          </Button>
        )}
      </Group>
      <ScrollTable
        label={`Trainings of ${sweep.name}`}
        minWidth={640}
        head={[...sweep.fields, "Status", "Eval loss", "Untuned", "On the test split", "Training"]}
      >
        {sweep.runs.map((run) => (
          <Table.Tr key={run.job_id}>
            {sweep.fields.map((field) => (
              <Table.Td key={field} fw={run === best ? 600 : undefined}>
                <Said>{String(run.values[field] ?? "")}</Said>
              </Table.Td>
            ))}
            <Table.Td>
              <StatusBadge status={run.status} />
              {run.message !== "" && (
                <Text size="xs" c="dimmed" className="studio-wrap">
                  <Said>{run.message}</Said>
                </Text>
              )}
            </Table.Td>
            <Table.Td fw={run === best ? 600 : undefined}>{formatMeasured(run.eval_loss, 4)}</Table.Td>
            <Table.Td>{formatMeasured(run.base_eval_loss, 4)}</Table.Td>
            <Table.Td>{run.verdict != null && <VerdictBadge verdict={run.verdict} />}</Table.Td>
            <Table.Td>
              <Anchor component={Link} to={`/jobs/${run.job_id}`} size="sm">
                job {run.job_id}
              </Anchor>
            </Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
    </div>
  );
}
