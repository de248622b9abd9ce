import { Button, Group, NumberInput, Stack, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answer, type BenchmarkRequest, benchmarksQuery, type BenchmarkView, type EngineName, http } from "@/api";
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
import { formatInterval, formatMeasured } from "@/lib/figures";
import { formatBytes, formatCount } from "@/lib/numbers";
import { namesIn } from "@/lib/words";

/** Base models side by side on the project's own rows, and the floor that each has to beat. */
export function Candidates({ projectId }: { projectId: number }) {
  const benchmarks = useQuery(benchmarksQuery(projectId));
  return (
    <Panel title="Which base model">
      <Stack gap="md">
        <Form projectId={projectId} />
        <QueryView
          query={benchmarks}
          isEmpty={(all) => all.length === 0}
          empty={
            <EmptyState
              title="No base models were compared yet."
              command={`brewslm benchmark --project ${projectId} --models A,B`}
            >
              Each is scored on the same eval rows as it is, and again after a short training.
            </EmptyState>
          }
        >
          {([newest]) => newest !== undefined && <Shown view={newest} />}
        </QueryView>
      </Stack>
    </Panel>
  );
}

function Form({ projectId }: { projectId: number }) {
  const [models, setModels] = useState("");
  const [sample, setSample] = useState<number | string>(200);
  const [steps, setSteps] = useState<number | string>(50);
  const names = namesIn(models);
  const [engine, setEngine] = useState<EngineName>("local");
  const work = useWork(projectId, (body: BenchmarkRequest) => {
    const params = { path: { project_id: projectId }, query: { engine } };
    return answer(http.POST("/api/projects/{project_id}/benchmarks", { params, body }));
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        work.start({ models: names, sample: Number(sample), probe_steps: Number(steps) });
      }}
    >
      <Stack gap="sm">
        <Group gap="xs" align="flex-end">
          <TextInput
            label="Base models"
            description="Names or folders, with commas between them"
            placeholder="brewslm-tiny-v1, /models/other"
            value={models}
            onChange={(event) => setModels(event.currentTarget.value)}
            flex={1}
            miw={220}
          />
          <NumberInput label="Eval rows" w={110} min={20} max={10_000} value={sample} onChange={setSample} />
          <NumberInput label="Steps of training" w={150} min={0} max={2000} value={steps} onChange={setSteps} />
          <EngineSelect value={engine} onChange={setEngine} />
          <Button type="submit" variant="default" disabled={names.length === 0 || work.isBusy}>
            Compare
          </Button>
        </Group>
        <WorkNotice job={work.job} error={work.error} />
      </Stack>
    </form>
  );
}

function Shown({ view }: { view: BenchmarkView }) {
  const { candidates, failed = [], num_rows, probe_steps, device } = view.benchmark;
  const hasLabels = candidates.some(({ zero_shot }) => zero_shot.accuracy != null);
  return (
    <div>
      <Text size="sm" mb="xs" className="studio-wrap">
        <strong>
          The answer: <Said>{view.sentence}</Said>.
        </strong>{" "}
        Measured on {formatCount(num_rows)} eval rows, the same for all,{" "}
        {probe_steps === 0 ? "untrained" : `before and after ${probe_steps} steps`}, on <Said>{device}</Said>,{" "}
        <RelativeTime at={view.created_at} />.
      </Text>
      <ScrollTable
        label="Base models"
        minWidth={680}
        head={[
          "Base model",
          "Standing",
          "Bits per byte",
          "After training",
          ...(hasLabels ? ["Accuracy"] : []),
          "More than the first (95 %)",
          "Floor",
          "Parameters",
          "Peak memory",
        ]}
      >
        {candidates.map((one) => (
          <Table.Tr key={one.name}>
            <Table.Td className="studio-mono">{one.name}</Table.Td>
            <Table.Td>
              <VerdictBadge verdict={STANDINGS[one.standing] ?? "same"} label={one.standing} />
            </Table.Td>
            <Table.Td>{formatMeasured(one.zero_shot.bits_per_byte, 4)}</Table.Td>
            <Table.Td>{formatMeasured(one.probed?.bits_per_byte, 4)}</Table.Td>
            {hasLabels && <Table.Td>{formatMeasured((one.probed ?? one.zero_shot).accuracy, 3)}</Table.Td>}
            <Table.Td>{one.distance == null ? "" : formatInterval(one.distance)}</Table.Td>
            <Table.Td>
              {one.floor.passed ? "beats" : "not shown to beat"} {formatMeasured(one.floor.floor, 4)}
            </Table.Td>
            <Table.Td>{formatCount(one.num_parameters)}</Table.Td>
            <Table.Td>{formatBytes(one.peak_memory_bytes)}</Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
      {failed.map(({ name, problem }) => (
        <Text key={name} size="sm" c="red" className="studio-wrap">
          <Said>{name}</Said> was not measured: <Said>{problem}</Said>
        </Text>
      ))}
    </div>
  );
}

const STANDINGS: Readonly<Record<string, string>> = { first: "better", "cannot tell": "same", behind: "worse" };
