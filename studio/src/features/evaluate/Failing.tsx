import { Button, Group, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { failingQuery } from "./queries";
import { answer, type ArtifactRecord, type FailingRow, http } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RowsPager } from "@/components/RowsPager";
import { Said } from "@/components/Said";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { formatCount, formatNumber } from "@/lib/numbers";
import type { Task } from "@/lib/reports/tasks";

const PAGE_SIZE = 5;

/** Rows that the tuned model fails, the worst first; one click puts them on a review list. */
export function Failing({ record, task }: { record: ArtifactRecord; task: Task }) {
  const [slice, setSlice] = useState<string | null>(null);
  const [start, setStart] = useState(0);
  const { project_id: projectId, id: report } = record;
  const page = useQuery({
    ...failingQuery(projectId, { report, task: task.id, slice, start, limit: PAGE_SIZE }),
    placeholderData: keepPreviousData,
  });
  const review = useWork(projectId, () => {
    const body = { eval_report_id: report, task: task.id, slice };
    return answer(
      http.POST("/api/projects/{project_id}/reviews", { params: { path: { project_id: projectId } }, body }),
    );
  });
  const slices = [...new Set(task.slices.map((one) => one.slice))];
  return (
    <Panel title={`Rows of ${task.id} that fail`}>
      <Stack gap="md">
        <Group gap="sm" align="end">
          {slices.length > 0 && (
            <Select
              size="xs"
              w={240}
              label="Slice"
              placeholder="All rows"
              clearable
              searchable
              data={slices}
              value={slice}
              onChange={(value) => {
                setSlice(value);
                setStart(0);
              }}
            />
          )}
          <Button
            size="xs"
            variant="light"
            disabled={(page.data?.num_failing ?? 0) === 0}
            loading={review.isBusy}
            onClick={() => review.start(undefined)}
          >
            Put them on a review list
          </Button>
        </Group>
        <WorkNotice job={review.job} error={review.error} done="They are on a review list." />
        <QueryView
          query={page}
          isEmpty={({ rows }) => rows.length === 0}
          empty={<Text size="sm">No row fails by {task.metrics[0]?.name}.</Text>}
        >
          {({ rows, num_failing, metric }) => (
            <>
              <Text size="sm" c="dimmed">
                {formatCount(num_failing)} fail by {metric}; those whose right answer the tuned model finds least likely
                come first.
              </Text>
              {rows.map((row) => (
                <Row key={row.id} row={row} />
              ))}
              <RowsPager start={start} shown={rows.length} total={num_failing} size={PAGE_SIZE} onMove={setStart} />
            </>
          )}
        </QueryView>
      </Stack>
    </Panel>
  );
}

function Row({ row }: { row: FailingRow }) {
  return (
    <article aria-label={row.id}>
      <Text size="sm" fw={600} className="studio-said">
        {row.prompt === "" ? "(no prompt)" : row.prompt}
      </Text>
      <Text size="sm" className="studio-said">
        <Text span size="xs" c="dimmed">
          Right:{" "}
        </Text>
        {row.expected}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" mt={4}>
        <Side name="Base" loss={row.base_loss} label={row.base_label} text={row.base_answer} />
        <Side name="Tuned" loss={row.tuned_loss} label={row.tuned_label} text={row.tuned_answer} />
      </SimpleGrid>
    </article>
  );
}

type SideProps = { name: string; loss: number; label: string | null; text: string | null };

function Side({ name, loss, label, text }: SideProps) {
  return (
    <div className="studio-side">
      <Text size="xs" c="dimmed">
        {name} · loss {formatNumber(loss, 4)}
      </Text>
      {label !== null && (
        <Text size="sm">
          Likeliest label: <Said>{label}</Said>
        </Text>
      )}
      {text !== null && (
        <Text size="sm" className="studio-said">
          {text === "" ? "(an empty answer)" : text}
        </Text>
      )}
    </div>
  );
}
