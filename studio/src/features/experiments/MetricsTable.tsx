import { Table, Text } from "@mantine/core";

import type { Results } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ScrollTable } from "@/components/ScrollTable";
import { type Figure, metricRows } from "@/lib/compare/metrics";
import { formatInterval, formatMeasured } from "@/lib/figures";
import { formatDelta } from "@/lib/numbers";

type MetricsTableProps = { names: readonly string[]; results: readonly (Results | null)[] };

/** A row a metric, a column a training: tuned, its difference from the base, and the interval of that. */
export function MetricsTable({ names, results }: MetricsTableProps) {
  const rows = metricRows(results);
  if (rows.length === 0) {
    return <EmptyState title="None of these has results yet.">They come with the end of a training.</EmptyState>;
  }
  return (
    <>
      <ScrollTable label="Table of metrics" minWidth={200 + 220 * names.length} head={["Metric", ...names]}>
        {rows.map((row) => (
          <Table.Tr key={`${row.split} ${row.metric}`}>
            <Table.Th scope="row" fw={400}>
              {row.split} {row.metric.replaceAll("_", " ")}
            </Table.Th>
            {row.figures.map((figure, index) => (
              <Table.Td key={names[index]}>
                <Cell figure={figure} />
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </ScrollTable>
      <Text size="xs" c="dimmed" mt="xs">
        The train loss is that of one batch, the newest that was scored under the base, too. Losses are nats per trained
        token, of preference modes per pair or answer. Intervals are 95 %, paired bootstrap over the examples of the
        eval split.
      </Text>
    </>
  );
}

function Cell({ figure }: { figure: Figure | null }) {
  if (figure === null) {
    return (
      <Text size="sm" c="dimmed">
        no results
      </Text>
    );
  }
  return (
    <>
      <Text size="sm" fw={600}>
        {formatMeasured(figure.tuned)}
        <Text span size="xs" c="dimmed" fw={400}>
          {" "}
          base {formatMeasured(figure.base)}
        </Text>
      </Text>
      {figure.delta !== null && (
        <Text size="xs" c="dimmed">
          {formatDelta(figure.delta.value)} [{formatInterval(figure.delta)}]
          {figure.step !== null && ` at step ${figure.step}`}
        </Text>
      )}
    </>
  );
}
