import { Button, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";

import "./data.css";
import { PAGE_ROWS, tablesQuery, traceQuery } from "./queries";
import { Talk } from "./Talk";
import { artifactsOfKindQuery, type ArtifactRecord, tableQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { RowsPager } from "@/components/RowsPager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { WideTable } from "@/components/WideTable";
import { countOf } from "@/lib/ids";
import { shown } from "@/lib/json";
import { formatCount } from "@/lib/numbers";
import { formatMoment } from "@/lib/time";

const WITH_ROWS: ReadonlySet<ArtifactRecord["kind"]> = new Set(["snapshot", "dataset", "manifest", "golden"]);

/** Rows of any table that was made of the data, and the way of one row. */
export function RowsTab({ projectId }: { projectId: number }) {
  const artifacts = useQuery(artifactsOfKindQuery(projectId));
  return (
    <Stack gap="md">
      <Panel title="Rows">
        <QueryView
          query={artifacts}
          isEmpty={(all) => !all.some(({ kind }) => WITH_ROWS.has(kind))}
          empty={<EmptyState title="There are no rows yet.">Import data first.</EmptyState>}
        >
          {(all) => (
            <Tables projectId={projectId} artifacts={all.filter(({ kind }) => WITH_ROWS.has(kind)).toReversed()} />
          )}
        </QueryView>
      </Panel>
      <Panel title="The way of a row">
        <Trace projectId={projectId} />
      </Panel>
    </Stack>
  );
}

function Tables({ projectId, artifacts }: { projectId: number; artifacts: readonly ArtifactRecord[] }) {
  const [params, setParams] = useSearchParams();
  const usual = artifacts.find(({ kind }) => kind === "dataset") ?? artifacts[0];
  const artifact = artifacts.find(({ id }) => id === params.get("artifact")) ?? usual;
  const artifactId = artifact?.id ?? "";
  const tables = useQuery(tablesQuery(projectId, artifactId));
  const table = tables.data?.find(({ name }) => name === params.get("table")) ?? tables.data?.[0];
  const where = params.get("where") ?? "";
  const start = countOf(params.get("start"), 0);
  const go = (to: Readonly<Record<string, string>>) =>
    setParams({ tab: "rows", artifact: artifactId, ...(table === undefined ? {} : { table: table.name }), ...to });
  return (
    <Stack gap="sm">
      <Group gap="xs" align="flex-end">
        <Select
          label="Of"
          w={300}
          allowDeselect={false}
          data={artifacts.map((one) => ({
            value: one.id,
            label: `${one.kind}, ${formatMoment(one.created_at)}, ${one.id.slice(-6)}`,
          }))}
          value={artifactId}
          onChange={(value) => value !== null && setParams({ tab: "rows", artifact: value })}
        />
        <Select
          label="Table"
          w={190}
          allowDeselect={false}
          data={(tables.data ?? []).map(({ name, num_rows }) => ({
            value: name,
            label: `${name} (${formatCount(num_rows)})`,
          }))}
          value={table?.name ?? null}
          onChange={(value) => value !== null && setParams({ tab: "rows", artifact: artifactId, table: value })}
        />
        <Where key={where} where={where} onChange={(next) => go(next === "" ? {} : { where: next })} />
      </Group>
      {table !== undefined && (
        <Rows
          key={`${artifactId} ${table.name}`}
          projectId={projectId}
          artifactId={artifactId}
          table={table.name}
          where={where}
          start={start}
          onMove={(to) => go({ start: String(to), ...(where === "" ? {} : { where }) })}
        />
      )}
      {tables.error !== null && <QueryView query={tables}>{() => null}</QueryView>}
    </Stack>
  );
}

function Where({ where, onChange }: { where: string; onChange: (where: string) => void }) {
  const [text, setText] = useState(where);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <Group gap="xs" align="flex-end">
        <TextInput
          label="Only where"
          placeholder="column=value"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Filter
        </Button>
      </Group>
    </form>
  );
}

type RowsProps = {
  projectId: number;
  artifactId: string;
  table: string;
  where: string;
  start: number;
  onMove: (start: number) => void;
};

function Rows({ projectId, artifactId, table, where, start, onMove }: RowsProps) {
  const conditions = where === "" ? [] : [where];
  const page = useQuery(tableQuery(projectId, { artifactId, table, start, limit: PAGE_ROWS, where: conditions }));
  return (
    <QueryView query={page} lines={10}>
      {(found) => {
        const columns = Object.keys(found.rows[0] ?? {}).filter((name) =>
          found.rows.some((row) => !isNothing(row[name])),
        );
        const hasTalk = columns.includes("messages") && columns.includes("task");
        const rest = hasTalk ? columns.filter((name) => !TALK.has(name)) : columns;
        return (
          <>
            <WideTable
              label={`Rows of ${table}`}
              minWidth={720}
              columns={hasTalk ? ["example", ...rest] : rest}
              rows={found.rows.map((row, at) => ({
                key: String(found.start + at),
                cells: [
                  ...(hasTalk ? [<Talk example={row} />] : []),
                  ...rest.map((name) => <div className="data-cell">{shown(row[name])}</div>),
                ],
              }))}
            />
            {found.num_cut_cells > 0 && (
              <Text size="xs" c="dimmed">
                {formatCount(found.num_cut_cells)} long cells are shown in part.
              </Text>
            )}
            <RowsPager
              start={found.start}
              shown={found.rows.length}
              total={found.num_rows}
              size={PAGE_ROWS}
              onMove={onMove}
            />
          </>
        );
      }}
    </QueryView>
  );
}

const TALK: ReadonlySet<string> = new Set(["messages", "chosen", "rejected", "text", "label", "target_json"]);

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function Trace({ projectId }: { projectId: number }) {
  const [wanted, setWanted] = useState<number | string>("");
  const [row, setRow] = useState<number | null>(null);
  return (
    <Stack gap="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setRow(typeof wanted === "number" ? wanted : null);
        }}
      >
        <Group gap="xs" align="flex-end">
          <NumberInput
            label="Row of the source, from 0"
            min={0}
            allowDecimal={false}
            allowNegative={false}
            value={wanted}
            onChange={setWanted}
          />
          <Button type="submit" variant="default" disabled={typeof wanted !== "number"}>
            Follow it
          </Button>
        </Group>
      </form>
      {row !== null && <Way projectId={projectId} row={row} />}
    </Stack>
  );
}

function Way({ projectId, row }: { projectId: number; row: number }) {
  const trace = useQuery(traceQuery(projectId, row));
  return (
    <QueryView query={trace}>
      {(found) => (
        <>
          <Text size="sm" fw={600}>
            {found.fate}
          </Text>
          <WideTable
            label={`Where row ${row} was seen`}
            columns={["In", "Table", "As"]}
            rows={found.sightings.map((seen, at) => ({
              key: `${seen.artifact_id} ${seen.table} ${at}`,
              cells: [
                `${seen.kind} ${seen.artifact_id.slice(-6)}`,
                seen.table,
                <div className="data-cell studio-mono">{shown(seen.row)}</div>,
              ],
            }))}
          />
        </>
      )}
    </QueryView>
  );
}
