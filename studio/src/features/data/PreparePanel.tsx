import { Button, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import "./data.css";
import { answer, artifactsOfKindQuery, http, type PrepareInputs, type Project, projectQuery } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";

const CHECKS = [
  { value: "near", label: "Near: almost the same words" },
  { value: "exact", label: "Exact: the same text" },
  { value: "semantic", label: "Semantic: the same meaning" },
] as const;
const POLICIES = [
  { value: "move", label: "Move them to train" },
  { value: "drop", label: "Leave them out" },
  { value: "report", label: "Only report them" },
] as const;
const TRUNCATIONS = [
  { value: "drop", label: "Leave them out" },
  { value: "truncate", label: "Cut them" },
  { value: "raise", label: "Fail" },
] as const;

/** Splits the newest dataset and turns it into tokens. */
export function PreparePanel({ projectId }: { projectId: number }) {
  const project = useQuery(projectQuery(projectId));
  const datasets = useQuery(artifactsOfKindQuery(projectId, "dataset"));
  const newest = datasets.data?.at(-1)?.id;
  return (
    <Panel title="Split and tokenise">
      <QueryView query={project}>
        {(found) =>
          newest === undefined ? (
            <Text size="sm" c="dimmed">
              There is no dataset yet. Import data first.
            </Text>
          ) : (
            <Form project={found} datasetId={newest} />
          )
        }
      </QueryView>
    </Panel>
  );
}

function Form({ project, datasetId }: { project: Project; datasetId: string }) {
  const [choices, setChoices] = useState<Omit<PrepareInputs, "dataset_id">>({
    base_model: project.base_model,
    seed: project.seed,
    max_seq_len: 512,
    shares: { train: 0.8, eval: 0.1, test: 0.1 },
  });
  const prepare = useWork(project.id, (body: PrepareInputs) =>
    answer(
      http.POST("/api/projects/{project_id}/stages/prepare", { params: { path: { project_id: project.id } }, body }),
    ),
  );
  const shares = choices.shares ?? {};
  const set = (some: Partial<typeof choices>) => setChoices({ ...choices, ...some });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        prepare.start({ ...choices, dataset_id: datasetId });
      }}
    >
      <Stack gap="sm">
        <div className="data-fields">
          <TextInput
            label="Base model"
            required
            value={choices.base_model}
            onChange={(event) => set({ base_model: event.currentTarget.value })}
          />
          <NumberInput
            label="Longest example (tokens)"
            min={16}
            max={131_072}
            allowDecimal={false}
            value={choices.max_seq_len ?? 512}
            onChange={(value) => typeof value === "number" && set({ max_seq_len: value })}
          />
          <Select
            label="Longer examples"
            allowDeselect={false}
            data={[...TRUNCATIONS]}
            value={choices.truncation ?? "drop"}
            onChange={(value) => set({ truncation: TRUNCATIONS.find((one) => one.value === value)?.value })}
          />
          {(["train", "eval", "test"] as const).map((split) => (
            <NumberInput
              key={split}
              label={`Share of ${split} (%)`}
              min={0}
              max={100}
              value={Math.round((shares[split] ?? 0) * 1000) / 10}
              onChange={(value) => typeof value === "number" && set({ shares: { ...shares, [split]: value / 100 } })}
            />
          ))}
          <Select
            label="Overlaps are looked for"
            allowDeselect={false}
            data={[...CHECKS]}
            value={choices.leak_check ?? "near"}
            onChange={(value) => set({ leak_check: CHECKS.find((one) => one.value === value)?.value })}
          />
          <Select
            label="Examples that overlap"
            allowDeselect={false}
            data={[...POLICIES]}
            value={choices.leak_policy ?? "move"}
            onChange={(value) => set({ leak_policy: POLICIES.find((one) => one.value === value)?.value })}
          />
          <TextInput
            label="Keep together by"
            placeholder="A column, e.g. customer"
            value={choices.group_by ?? ""}
            onChange={(event) => set({ group_by: textOf(event.currentTarget.value) })}
          />
          <TextInput
            label="Split by time of"
            placeholder="A column with a date"
            value={choices.time_by ?? ""}
            onChange={(event) => set({ time_by: textOf(event.currentTarget.value) })}
          />
          <NumberInput
            label="Seed"
            min={0}
            allowDecimal={false}
            value={choices.seed ?? 42}
            onChange={(value) => typeof value === "number" && set({ seed: value })}
          />
          <Checkbox
            label="Take the source's own splits"
            checked={choices.use_source_splits ?? false}
            onChange={(event) => set({ use_source_splits: event.currentTarget.checked })}
          />
        </div>
        <Group>
          <Button type="submit" loading={prepare.isBusy}>
            Prepare
          </Button>
        </Group>
        <WorkNotice job={prepare.job} error={prepare.error} done="Prepared." />
      </Stack>
    </form>
  );
}

function textOf(typed: string): string | null {
  return typed === "" ? null : typed;
}
