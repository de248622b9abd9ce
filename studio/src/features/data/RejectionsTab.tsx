import { Anchor, Button, Group, Modal, Select, Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { PAGE_ROWS, rejectionsQuery } from "./queries";
import { reasonOf } from "./reasons";
import { answer, artifactsOfKindQuery, http, type MendedRow, type RejectedRow, type RejectionReason } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { RowsPager } from "@/components/RowsPager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { SearchField } from "@/components/SearchField";
import { WideTable } from "@/components/WideTable";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { enclosed } from "@/lib/bidi";
import { formatCount } from "@/lib/numbers";
import { spaced } from "@/lib/words";

const TYPING_MS = 250;

/** Rows that did not become examples: why, where, and the way to mend them. */
export function RejectionsTab({ projectId }: { projectId: number }) {
  const datasets = useQuery(artifactsOfKindQuery(projectId, "dataset"));
  return (
    <Panel title="Rejections">
      <QueryView
        query={datasets}
        isEmpty={(all) => all.length === 0}
        empty={<EmptyState title="There is no dataset yet.">Import data first.</EmptyState>}
      >
        {(all) => (
          <Rows key={all[all.length - 1]?.id} projectId={projectId} datasetId={all[all.length - 1]?.id ?? ""} />
        )}
      </QueryView>
    </Panel>
  );
}

type Mended = ReadonlyMap<number, string>;

function Rows({ projectId, datasetId }: { projectId: number; datasetId: string }) {
  const [reason, setReason] = useState<RejectionReason | undefined>(undefined);
  const [text, setText] = useState("");
  const [start, setStart] = useState(0);
  const [editing, setEditing] = useState<RejectedRow | null>(null);
  const [mended, setMended] = useState<Mended>(new Map());
  const [contains] = useDebouncedValue(text, TYPING_MS);
  const query = useQuery(rejectionsQuery(projectId, datasetId, { reason, contains, start }));
  const repair = useWork(projectId, (rows: MendedRow[]) =>
    answer(
      http.POST("/api/projects/{project_id}/datasets/{dataset_id}/repair", {
        params: { path: { project_id: projectId, dataset_id: datasetId } },
        body: { rows },
      }),
    ),
  );
  const reasons = Object.entries(query.data?.reasons ?? {});
  const download = (format: "jsonl" | "csv") =>
    `/api/projects/${projectId}/datasets/${encodeURIComponent(datasetId)}/rejections/download?${new URLSearchParams({
      format,
      contains,
      ...(reason === undefined ? {} : { reason }),
    }).toString()}`;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" className="studio-wrap">
        Of {datasetId}.
      </Text>
      <Group gap="xs">
        <SearchField
          label="Search rejected rows"
          value={text}
          onChange={(value) => {
            setText(value);
            setStart(0);
          }}
        />
        <Select
          aria-label="Reason"
          placeholder="Any reason"
          clearable
          w={260}
          data={reasons.map(([value, count]) => ({ value, label: `${spaced(value)} (${formatCount(count)})` }))}
          value={reason ?? null}
          onChange={(value) => {
            setReason(reasonOf(value));
            setStart(0);
          }}
        />
        <Anchor href={download("jsonl")} size="sm" underline="always">
          Download as JSON lines
        </Anchor>
        <Anchor href={download("csv")} size="sm" underline="always">
          as CSV
        </Anchor>
      </Group>
      <QueryView query={query}>
        {(page) => (
          <>
            <WideTable
              label="Rejected rows"
              minWidth={720}
              columns={["Row", "Place", "Reason", "Why", "Record", "Mend"]}
              rows={page.rows.map((row) => ({
                key: String(row.source_row),
                cells: [
                  formatCount(row.source_row),
                  `${enclosed(row.file)}, line ${row.line}`,
                  spaced(row.reason),
                  row.detail,
                  <div className="data-cell studio-mono">{mended.get(row.source_row) ?? row.raw}</div>,
                  <Button size="compact-xs" variant="default" onClick={() => setEditing(row)}>
                    {mended.has(row.source_row) ? "Edited" : "Edit"}
                    <span className="studio-hidden"> row {row.source_row}</span>
                  </Button>,
                ],
              }))}
            />
            <RowsPager
              start={page.start}
              shown={page.rows.length}
              total={reason === undefined && contains === "" ? page.num_rejected : total(page)}
              size={PAGE_ROWS}
              onMove={setStart}
            />
          </>
        )}
      </QueryView>
      {mended.size > 0 && (
        <Group gap="xs">
          <Button loading={repair.isBusy} onClick={() => repair.start(rowsOf(mended))}>
            Run {mended.size} mended {mended.size === 1 ? "row" : "rows"} again
          </Button>
          <Button variant="default" onClick={() => setMended(new Map())}>
            Forget the edits
          </Button>
        </Group>
      )}
      <WorkNotice job={repair.job} error={repair.error} done="The next version of the dataset is there." />
      {editing !== null && (
        <Edit
          row={editing}
          record={mended.get(editing.source_row) ?? editing.raw}
          onClose={() => setEditing(null)}
          onKeep={(record) => setMended(new Map(mended).set(editing.source_row, record))}
        />
      )}
    </Stack>
  );
}

/** How many there are under a filter is known to the page only as far as the server has told. */
function total(page: { start: number; rows: readonly unknown[]; next_start: number | null }): number {
  return page.start + page.rows.length + (page.next_start === null ? 0 : 1);
}

function rowsOf(mended: Mended): MendedRow[] {
  return Array.from(mended, ([source_row, record]) => ({ source_row, record }));
}

type EditProps = { row: RejectedRow; record: string; onClose: () => void; onKeep: (record: string) => void };

function Edit({ row, record, onClose, onKeep }: EditProps) {
  const [text, setText] = useState(record);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={`Row ${row.source_row}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack>
        <Text size="sm">
          {spaced(row.reason)}: {row.detail}
          {row.is_cut && " The text is shown in part; download the rows to mend it whole."}
        </Text>
        <Textarea
          label="Record, a JSON object"
          autosize
          minRows={4}
          maxRows={16}
          className="studio-mono"
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button
            disabled={row.is_cut}
            onClick={() => {
              onKeep(text);
              onClose();
            }}
          >
            Keep the edit
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
