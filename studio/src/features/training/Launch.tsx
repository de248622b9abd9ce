import { Anchor, Button, Group, NumberInput, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";

import "./training.css";
import { answer, artifactsOfKindQuery, type AutopilotRequest, http, manifestsQuery, projectQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { enclosed } from "@/lib/bidi";
import { textIn } from "@/lib/json";
import type { Read } from "@/lib/recipeDraft";
import { formatMoment } from "@/lib/time";

const PROFILES: readonly { value: NonNullable<AutopilotRequest["profile"]>; label: string }[] = [
  { value: "safe", label: "Safe: the least work" },
  { value: "balanced", label: "Balanced" },
  { value: "max_quality", label: "Most quality: the most work" },
];
const NEWEST = "newest";

/** Trains with one click: what is missing is cleaned, split, planned; then it is trained and evaluated. */
export function Launch({ projectId, read }: { projectId: number; read: Read }) {
  const datasets = useQuery(artifactsOfKindQuery(projectId, "dataset"));
  return (
    <Panel title="Train">
      <QueryView
        query={datasets}
        isEmpty={(all) => all.length === 0}
        empty={
          <Text size="sm">
            There is no data to train on.{" "}
            <Anchor component={Link} to={`/projects/${projectId}/data`} underline="always" inherit>
              Import some
            </Anchor>{" "}
            first.
          </Text>
        }
      >
        {() => <Form projectId={projectId} read={read} />}
      </QueryView>
    </Panel>
  );
}

type Choices = Pick<AutopilotRequest, "profile" | "base_model" | "max_seq_len" | "manifest_id">;

function Form({ projectId, read }: { projectId: number; read: Read }) {
  const [choices, setChoices] = useState<Choices>({ profile: "balanced" });
  const [prompts, setPrompts] = useState("");
  const project = useQuery(projectQuery(projectId));
  const manifests = useQuery(manifestsQuery(projectId));
  const run = useWork(projectId, (body: AutopilotRequest) =>
    answer(http.POST("/api/projects/{project_id}/training/run", { params: { path: { project_id: projectId } }, body })),
  );
  const isPrepared = choices.manifest_id !== undefined;
  const order = (one_click: boolean): AutopilotRequest => ({
    one_click,
    profile: choices.profile,
    overrides: { ...read.overrides },
    prompts: prompts.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()])),
    ...(isPrepared
      ? { manifest_id: choices.manifest_id }
      : { base_model: choices.base_model, max_seq_len: choices.max_seq_len }),
  });
  const cannot = read.problems.size > 0;
  const isTraining = run.job?.payload["one_click"] === true;
  return (
    <Stack gap="sm">
      <div className="training-fields">
        <Select
          label="Profile"
          allowDeselect={false}
          data={[...PROFILES]}
          value={choices.profile ?? "balanced"}
          onChange={(value) => setChoices({ ...choices, profile: PROFILES.find((one) => one.value === value)?.value })}
        />
        <Select
          label="Data"
          allowDeselect={false}
          data={[
            { value: NEWEST, label: "The newest; split where it is missing" },
            ...(manifests.data ?? []).toReversed().map(({ record, is_current }) => ({
              value: record.id,
              label: `${is_current ? "Current" : "Earlier"} splits, ${formatMoment(record.created_at)}`,
            })),
          ]}
          value={choices.manifest_id ?? NEWEST}
          onChange={(value) =>
            setChoices({ ...choices, manifest_id: value === null || value === NEWEST ? undefined : value })
          }
        />
        <TextInput
          label="Base model"
          placeholder={project.data?.base_model ?? "The project's"}
          disabled={isPrepared}
          value={isPrepared ? baseOf(manifests.data, choices.manifest_id) : (choices.base_model ?? "")}
          onChange={(event) => {
            const typed = event.currentTarget.value.trim();
            setChoices({ ...choices, base_model: typed === "" ? undefined : typed });
          }}
        />
        <NumberInput
          label="Longest example (tokens)"
          placeholder="The model's context, at most 1,024"
          min={16}
          allowDecimal={false}
          disabled={isPrepared}
          value={choices.max_seq_len ?? ""}
          onChange={(value) => setChoices({ ...choices, max_seq_len: typeof value === "number" ? value : undefined })}
        />
      </div>
      <Textarea
        label="Prompts to answer side by side afterwards"
        description="One a line"
        autosize
        minRows={2}
        maxRows={8}
        value={prompts}
        onChange={(event) => setPrompts(event.currentTarget.value)}
      />
      {cannot && (
        <Text size="sm" role="alert" c="var(--mantine-color-error)" className="studio-wrap">
          Correct first: {Array.from(read.problems, ([name, problem]) => `${name} (${enclosed(problem)})`).join(", ")}.
        </Text>
      )}
      {project.error !== null && <ErrorNotice error={project.error} />}
      <Group gap="xs">
        <Button
          leftSection={<Play size={16} aria-hidden />}
          loading={run.isBusy && isTraining}
          disabled={cannot || run.isBusy}
          onClick={() => run.start(order(true))}
        >
          Train
        </Button>
        <Button
          variant="default"
          loading={run.isBusy && !isTraining}
          disabled={cannot || run.isBusy}
          onClick={() => run.start(order(false))}
        >
          Plan it
        </Button>
      </Group>
      <Text size="xs" c="dimmed">
        “Plan it” checks and forecasts, and trains nothing. A training goes on when you leave this page; its own page
        has the curves, pause and cancel. One that begins at a checkpoint is forked there.
      </Text>
      <WorkNotice
        job={run.job}
        error={run.error}
        done={isTraining ? "Trained and evaluated." : "Planned; the newest plan is below, its checks under Preflight."}
      />
    </Stack>
  );
}

type Manifests = readonly { record: { id: string; body: Readonly<Record<string, unknown>> } }[];

function baseOf(manifests: Manifests | undefined, id: string | null | undefined): string {
  const found = (manifests ?? []).find(({ record }) => record.id === id);
  return found === undefined ? "" : (textIn(found.record.body, "base_model") ?? "");
}
