import { Button, Group, NumberInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { mappingsQuery } from "./queries";
import { Talk } from "./Talk";
import { type ArtifactRecord, answer, http, type Job, type MapCommitInputs, projectArtifactQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { QueryView } from "@/components/QueryView";
import { WideTable } from "@/components/WideTable";
import { enclosed } from "@/lib/bidi";
import { countsIn, type JsonObject, numberIn, objectIn, objectsIn, textIn } from "@/lib/json";
import { formatCount } from "@/lib/numbers";
import { spaced } from "@/lib/words";

type PreviewStepProps = { projectId: number; artifactId: string; onJob: (job: Job) => void };

/** What a commit would give: counts, examples, and what would be rejected and why. Nothing is written yet. */
export function PreviewStep({ projectId, artifactId, onJob }: PreviewStepProps) {
  const preview = useQuery(projectArtifactQuery(projectId, artifactId));
  return (
    <QueryView query={preview} lines={8}>
      {(record) => (
        <Stack gap="md">
          <Counts body={record.body} />
          <Rejected body={record.body} />
          <Examples body={record.body} />
          <Commit projectId={projectId} preview={record} onJob={onJob} />
        </Stack>
      )}
    </QueryView>
  );
}

function Counts({ body }: { body: JsonObject }) {
  const tally = objectIn(body, "tally");
  const count = (name: string) => numberIn(tally, name) ?? 0;
  const share = count("total") === 0 ? 0 : (100 * count("accepted")) / count("total");
  return (
    <Text size="sm">
      Of {formatCount(count("total"))} rows <strong>{formatCount(count("accepted"))} become examples</strong> (
      {share.toFixed(1)} %), {formatCount(count("repaired"))} of them repaired, and{" "}
      <strong>{formatCount(count("rejected"))} are rejected</strong>. Read as{" "}
      {spaced(textIn(objectIn(body, "plan"), "shape") ?? "")}. Nothing is written yet.
    </Text>
  );
}

function Rejected({ body }: { body: JsonObject }) {
  const reasons = countsIn(body, "rejections");
  const rows = objectsIn(body, "rejected_sample");
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  return total === 0 ? (
    <Text size="sm" c="dimmed">
      No row is rejected.
    </Text>
  ) : (
    <section aria-label="Rejected rows">
      <Title order={3} mb={4}>
        Rejected
      </Title>
      <Text size="sm" mb="xs">
        {reasons.map(([reason, count]) => `${spaced(reason)}: ${formatCount(count)}`).join(" · ")}
        {rows.length < total && `. The first ${rows.length} are shown; after the commit every one is under Rejections.`}
      </Text>
      <WideTable
        label="Rejections of the preview"
        minWidth={640}
        columns={["Place", "Reason", "Why", "Text"]}
        rows={rows.map((row) => ({
          key: String(numberIn(row, "source_row")),
          cells: [
            `${enclosed(textIn(row, "file") ?? "")}, line ${numberIn(row, "line") ?? "–"}`,
            spaced(textIn(row, "reason") ?? ""),
            textIn(row, "detail"),
            <div className="data-cell studio-mono">{textIn(row, "raw")}</div>,
          ],
        }))}
      />
    </section>
  );
}

function Examples({ body }: { body: JsonObject }) {
  return (
    <section aria-label="Examples of the preview">
      <Title order={3} mb={4}>
        The first examples
      </Title>
      <Stack gap="xs">
        {objectsIn(body, "sample").map((example) => (
          <div key={textIn(example, "id")} className="data-card">
            <Talk example={example} />
          </div>
        ))}
      </Stack>
    </section>
  );
}

type CommitProps = { projectId: number; preview: ArtifactRecord; onJob: (job: Job) => void };

function Commit({ projectId, preview, onJob }: CommitProps) {
  const [percent, setPercent] = useState(95);
  const plan = objectIn(preview.body, "plan");
  const commit = useMutation({
    mutationFn: (body: MapCommitInputs) =>
      answer(
        http.POST("/api/projects/{project_id}/stages/map_commit", {
          params: { path: { project_id: projectId } },
          body,
        }),
      ),
    onSuccess: onJob,
  });
  return (
    <Stack gap="sm">
      <NumberInput
        label="Rows that must become examples, at least (%)"
        description="With fewer the commit fails, and says so"
        maw={360}
        min={0}
        max={100}
        value={percent}
        onChange={(value) => typeof value === "number" && setPercent(value)}
      />
      {commit.error !== null && <ErrorNotice error={commit.error} title="It was not started" />}
      <Group gap="xs" align="flex-end">
        <Button
          loading={commit.isPending}
          onClick={() =>
            commit.mutate({
              snapshot_id: textIn(plan, "snapshot_id") ?? "",
              mapping_id: preview.id,
              plan_hash: textIn(preview.body, "plan_hash"),
              min_coverage: percent / 100,
            })
          }
        >
          Commit as a dataset
        </Button>
      </Group>
      <Save projectId={projectId} mappingId={preview.id} />
    </Stack>
  );
}

function Save({ projectId, mappingId }: { projectId: number; mappingId: string }) {
  const [name, setName] = useState("");
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      answer(
        http.POST("/api/projects/{project_id}/mappings", {
          params: { path: { project_id: projectId } },
          body: { name: name.trim(), mapping_id: mappingId },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: mappingsQuery(projectId).queryKey }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Group gap="xs" align="flex-end">
        <TextInput
          label="Save this mapping for later sources as"
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={name.trim() === ""}>
          Save
        </Button>
      </Group>
      {save.data !== undefined && (
        <Text size="sm" role="status">
          Saved as {save.data.name}, version {save.data.version}.
        </Text>
      )}
      {save.error !== null && <ErrorNotice error={save.error} title="It was not saved" />}
    </form>
  );
}
