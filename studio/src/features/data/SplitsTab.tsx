import { Badge, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";

import { GoldenPanel } from "./GoldenPanel";
import { PreparePanel } from "./PreparePanel";
import { answer, http, type ManifestRow, manifestsQuery, projectKey } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { WideTable } from "@/components/WideTable";
import { enclosed } from "@/lib/bidi";
import { type JsonObject, numberIn, objectIn, objectsIn, textIn } from "@/lib/json";
import { formatCount, formatNumber } from "@/lib/numbers";

/** How the data is split and what leaks between the parts; earlier splits, and golden sets. */
export function SplitsTab({ projectId }: { projectId: number }) {
  const manifests = useQuery(manifestsQuery(projectId));
  return (
    <Stack gap="md">
      <Panel title="The current splits">
        <QueryView
          query={manifests}
          isEmpty={(rows) => rows.length === 0}
          empty={<EmptyState title="Nothing is prepared yet.">Split the newest dataset below.</EmptyState>}
        >
          {(rows) => {
            const current = rows.find(({ is_current }) => is_current);
            return current === undefined ? (
              <EmptyState title="No manifest is current.">
                The newest dataset is not prepared yet. Prepare it below, or go back to an earlier manifest.
              </EmptyState>
            ) : (
              <Splits row={current} />
            );
          }}
        </QueryView>
      </Panel>
      <PreparePanel projectId={projectId} />
      {manifests.data !== undefined && manifests.data.length > 0 && (
        <Earlier projectId={projectId} rows={manifests.data} />
      )}
      <GoldenPanel projectId={projectId} />
    </Stack>
  );
}

function Splits({ row }: { row: ManifestRow }) {
  const { body, id } = row.record;
  const count = (name: string) => numberIn(body, name) ?? 0;
  const leaks = objectsIn(body, "leaks");
  const link = (table: string) => `?${new URLSearchParams({ tab: "rows", artifact: id, table }).toString()}`;
  return (
    <Stack gap="sm">
      <CopyableId value={id} label="manifest" />
      <WideTable
        label="Splits"
        minWidth={560}
        columns={["Split", "Examples", "Tokens", "Trained tokens", "Half are up to", "Longest"]}
        rows={objectsIn(body, "splits").map((split) => ({
          key: textIn(split, "name") ?? "",
          cells: [
            textIn(split, "name"),
            formatCount(numberIn(split, "num_examples") ?? 0),
            formatCount(numberIn(split, "num_tokens") ?? 0),
            trained(split),
            tokens(numberIn(objectIn(split, "length_quantiles"), "p50")),
            tokens(numberIn(objectIn(split, "length_quantiles"), "max")),
          ],
        }))}
      />
      <Text size="sm">
        {leaks.length === 0
          ? `No overlap between the splits was found (check: ${textIn(body, "leak_check") ?? "–"}).`
          : `${leaks.map(leakLine).join("; ")}.`}{" "}
        {formatCount(count("num_moved_for_leaks"))} examples were moved and{" "}
        {formatCount(count("num_left_out_for_leaks"))} left out because of overlaps; {formatCount(count("num_dropped"))}{" "}
        were too long, {formatCount(count("num_truncated"))} were cut, {formatCount(count("num_refused"))} were refused.
      </Text>
      <Title order={3}>Drift from train</Title>
      <WideTable
        label="Drift between the splits"
        columns={["Split", "Measure", "Value", "Allowed", "Says"]}
        rows={objectsIn(body, "drifts").map((drift) => {
          const value = numberIn(drift, "value");
          const most = numberIn(drift, "threshold");
          return {
            key: `${textIn(drift, "split")} ${textIn(drift, "measure")}`,
            cells: [
              textIn(drift, "split"),
              textIn(drift, "measure"),
              value === null ? "not measured" : formatNumber(value, 3),
              most === null ? "–" : formatNumber(most, 3),
              value === null || most === null ? "unknown" : value > most ? "differs from train" : "like train",
            ],
          };
        })}
      />
      <Group gap="xs">
        <Button component={Link} size="xs" variant="default" to={link("leaks")}>
          Leaks, row by row
        </Button>
        <Button component={Link} size="xs" variant="default" to={link("dropped")}>
          Left out
        </Button>
        <Button component={Link} size="xs" variant="default" to="?tab=xray">
          Mask X-ray
        </Button>
      </Group>
    </Stack>
  );
}

function tokens(count: number | null): string {
  return count === null ? "–" : `${formatCount(Math.round(count))} tokens`;
}

function trained(split: JsonObject): string {
  const all = numberIn(split, "num_tokens") ?? 0;
  const some = numberIn(split, "num_trained_tokens") ?? 0;
  return `${formatCount(some)}${all === 0 ? "" : ` (${Math.round((100 * some) / all)} %)`}`;
}

function leakLine(leak: JsonObject): string {
  return Object.entries(leak)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${enclosed(String(value))}`)
    .join(", ");
}

function Earlier({ projectId, rows }: { projectId: number; rows: readonly ManifestRow[] }) {
  const client = useQueryClient();
  const activate = useMutation({
    mutationFn: (artifact_id: string) =>
      answer(
        http.POST("/api/projects/{project_id}/manifests/{artifact_id}/activate", {
          params: { path: { project_id: projectId, artifact_id } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: projectKey(projectId) }),
  });
  return (
    <Panel title="All manifests">
      {activate.error !== null && <ErrorNotice error={activate.error} title="It did not become the current one" />}
      <WideTable
        label="Manifests"
        minWidth={600}
        columns={["Manifest", "Base model", "Made", "State"]}
        rows={rows.toReversed().map(({ record, is_current }) => ({
          key: record.id,
          cells: [
            <span className="studio-mono">{record.id}</span>,
            textIn(record.body, "base_model"),
            <RelativeTime at={record.created_at} />,
            is_current ? (
              <Badge variant="light" radius="sm" tt="none" miw="max-content">
                Current
              </Badge>
            ) : (
              <Button
                size="compact-xs"
                variant="default"
                loading={activate.isPending && activate.variables === record.id}
                onClick={() => activate.mutate(record.id)}
              >
                Make it current
              </Button>
            ),
          ],
        }))}
      />
    </Panel>
  );
}
