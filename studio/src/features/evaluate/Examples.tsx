import { Group, SegmentedControl, Select, Table, Text, UnstyledButton } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { allScoredQuery, MOST_SORTED } from "./queries";
import { type ArtifactRecord, tablePageQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { RowsPager } from "@/components/RowsPager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { ScrollTable } from "@/components/ScrollTable";
import { formatMeasured, NOT_MEASURED } from "@/lib/figures";
import { formatCount, formatDelta } from "@/lib/numbers";
import { type ExampleOrder, partsOf, type Scored, scoredOf, sorted } from "@/lib/reports/examples";

const PAGE_SIZE = 10;
const HEAD = ["Example", "Tuned − base", "Base", "Tuned", "Trained tokens"];
const ORDERS = [
  { value: "split", label: "As in the split" },
  { value: "worst", label: "Worst change first" },
  { value: "best", label: "Best change first" },
] as const;

type ExamplesProps = { record: ArtifactRecord; splits: readonly string[]; manifestId: string };

/** Every example of a split with its loss under both models. */
export function Examples({ record, splits, manifestId }: ExamplesProps) {
  const [split, setSplit] = useState(splits.includes("test") ? "test" : (splits[0] ?? ""));
  const [order, setOrder] = useState<ExampleOrder>("split");
  const [start, setStart] = useState(0);
  const { project_id: projectId, id } = record;
  const page = useQuery({
    ...tablePageQuery(projectId, id, split, { start, limit: PAGE_SIZE }),
    placeholderData: keepPreviousData,
  });
  const all = useQuery({ ...allScoredQuery(projectId, id, split), enabled: order !== "split" });
  const numRows = page.data?.num_rows ?? 0;
  const isTooLong = numRows > MOST_SORTED;
  const isSorted = order !== "split" && all.data !== undefined;
  const end = Math.min(start + PAGE_SIZE, numRows);
  return (
    <Panel title="Example by example">
      <Group gap="sm" mb="xs">
        {splits.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label="Split"
            data={[...splits]}
            value={split}
            onChange={(value) => {
              setSplit(value);
              setStart(0);
            }}
          />
        )}
        <Select
          size="xs"
          w={170}
          aria-label="Order of examples"
          data={ORDERS.map((one) => ({ ...one, disabled: isTooLong && one.value !== "split" }))}
          value={order}
          allowDeselect={false}
          onChange={(value) => {
            setOrder(ORDERS.find((one) => one.value === value)?.value ?? "split");
            setStart(0);
          }}
        />
        {isTooLong && (
          <Text size="xs" c="dimmed">
            Sorting is for at most {formatCount(MOST_SORTED)} examples.
          </Text>
        )}
      </Group>
      {all.error !== null && <ErrorNotice error={all.error} onRetry={() => void all.refetch()} />}
      <QueryView query={page}>
        {({ rows }) => {
          const shown = isSorted ? sorted(all.data, order).slice(start, end) : rows.map(scoredOf);
          return (
            <ScrollTable label="Table of examples" minWidth={620} head={HEAD}>
              {shown.map((one) => (
                <Row key={one.id} one={one} projectId={projectId} manifestId={manifestId} split={split} />
              ))}
            </ScrollTable>
          );
        }}
      </QueryView>
      <RowsPager start={start} shown={end - start} total={numRows} size={PAGE_SIZE} onMove={setStart} />
      <Text size="xs" c="dimmed" mt="xs">
        Mean nats per trained token. Below zero, the tuned model is better. Choose an example to read it.
      </Text>
    </Panel>
  );
}

type RowProps = { one: Scored; projectId: number; manifestId: string; split: string };

function Row({ one, ...place }: RowProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <UnstyledButton
            className="studio-mono"
            c="var(--mantine-primary-color-light-color)"
            aria-expanded={isOpen}
            onClick={() => setIsOpen(!isOpen)}
          >
            {isOpen ? "▾" : "▸"} {one.id}
          </UnstyledButton>
        </Table.Td>
        <Table.Td c={one.delta !== null && one.delta > 0 ? "var(--mantine-color-error)" : undefined}>
          {one.delta === null ? NOT_MEASURED : formatDelta(one.delta)}
        </Table.Td>
        <Table.Td>{formatMeasured(one.base)}</Table.Td>
        <Table.Td>{formatMeasured(one.tuned)}</Table.Td>
        <Table.Td>{formatCount(one.numTokens)}</Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={HEAD.length}>
            <Texts id={one.id} {...place} />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

/** The example itself, out of the manifest. */
function Texts({ id, projectId, manifestId, split }: { id: string } & Omit<RowProps, "one">) {
  const where = [`id="${id}"`];
  const found = useQuery(tablePageQuery(projectId, manifestId, `${split}/examples`, { start: 0, limit: 1, where }));
  return (
    <QueryView
      query={found}
      lines={2}
      isEmpty={({ rows }) => rows.length === 0}
      empty={<Text size="sm">The manifest does not hold this example.</Text>}
    >
      {({ rows }) =>
        partsOf(rows[0] ?? {}).map((part, index) => (
          <Text key={index} size="sm" className="studio-said" mb={4}>
            <Text span size="xs" c="dimmed">
              {part.role}:{" "}
            </Text>
            {part.text}
          </Text>
        ))
      }
    </QueryView>
  );
}
