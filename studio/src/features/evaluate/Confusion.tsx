import { SegmentedControl, Table, Text } from "@mantine/core";
import { useState } from "react";

import "./evaluate.css";
import { Panel } from "@/components/Panel";
import { ScrollTable } from "@/components/ScrollTable";
import { formatCount, formatDelta, formatNumber } from "@/lib/numbers";
import { matrixOf, mistakes, type Task } from "@/lib/reports/tasks";

/** With more labels the square cannot be read, and what is mistaken for what is listed. */
const MOST_LABELS = 12;
const MOST_MISTAKES = 15;
const SIDES = [
  { value: "tuned", label: "Tuned" },
  { value: "base", label: "Base" },
] as const;

type Side = (typeof SIDES)[number]["value"];

/** Which label is taken for which. */
export function Confusion({ task }: { task: Task }) {
  const [side, setSide] = useState<Side>("tuned");
  const matrix = matrixOf(task, side);
  return (
    <Panel title={`Labels of ${task.id}`}>
      {matrix.labels.length <= MOST_LABELS ? (
        <>
          <SegmentedControl
            size="xs"
            mb="sm"
            aria-label="Whose labels"
            data={[...SIDES]}
            value={side}
            onChange={(value) => setSide(SIDES.find((one) => one.value === value)?.value ?? "tuned")}
          />
          <Square {...matrix} />
          <Text size="xs" c="dimmed" mt="xs">
            A row is the right label, a column what the model finds likeliest; the diagonal is right.
          </Text>
        </>
      ) : (
        <Mistakes task={task} />
      )}
      <Classes task={task} />
    </Panel>
  );
}

function Square({ labels, counts, most }: ReturnType<typeof matrixOf>) {
  return (
    <ScrollTable label="Confusion" minWidth={160 + 84 * labels.length} head={["right \\ said", ...labels]}>
      {counts.map((row, number) => (
        <Table.Tr key={labels[number]}>
          <Table.Th scope="row" fw={400}>
            {labels[number]}
          </Table.Th>
          {row.map((count, column) => (
            <Table.Td
              key={labels[column]}
              className="evaluate-cell"
              data-kind={count === 0 ? "none" : number === column ? "right" : "wrong"}
              style={{ "--evaluate-share": `${Math.round((60 * count) / most)}%` }}
            >
              {formatCount(count)}
            </Table.Td>
          ))}
        </Table.Tr>
      ))}
    </ScrollTable>
  );
}

function Mistakes({ task }: { task: Task }) {
  const found = mistakes(task);
  if (found.length === 0) {
    return <Text size="sm">The tuned model mistakes no label for another.</Text>;
  }
  return (
    <ScrollTable label="Mistakes" minWidth={420} head={["Right label", "Taken for", "Tuned", "Base"]}>
      {found.slice(0, MOST_MISTAKES).map(({ label, guess, tuned, base }) => (
        <Table.Tr key={`${label} ${guess}`}>
          <Table.Td>{label}</Table.Td>
          <Table.Td>{guess}</Table.Td>
          <Table.Td fw={600}>{formatCount(tuned)}</Table.Td>
          <Table.Td>{formatCount(base)}</Table.Td>
        </Table.Tr>
      ))}
    </ScrollTable>
  );
}

function Classes({ task }: { task: Task }) {
  const worst = task.classes.toSorted((one, other) => one.tunedF1 - other.tunedF1).slice(0, MOST_MISTAKES);
  return (
    <ScrollTable
      label="Labels by F1"
      minWidth={420}
      head={["Label, the worst first", "Rows", "Base F1", "Tuned F1", "Difference"]}
    >
      {worst.map((one) => (
        <Table.Tr key={one.label}>
          <Table.Th scope="row" fw={400}>
            {one.label}
          </Table.Th>
          <Table.Td>{formatCount(one.numExamples)}</Table.Td>
          <Table.Td>{formatNumber(one.baseF1, 3)}</Table.Td>
          <Table.Td fw={600}>{formatNumber(one.tunedF1, 3)}</Table.Td>
          <Table.Td>{formatDelta(one.tunedF1 - one.baseF1, 3)}</Table.Td>
        </Table.Tr>
      ))}
    </ScrollTable>
  );
}
