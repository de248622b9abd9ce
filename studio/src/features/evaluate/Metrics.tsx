import { Table, Text } from "@mantine/core";

import { ScrollTable } from "@/components/ScrollTable";
import { VerdictBadge } from "@/components/VerdictBadge";
import { formatInterval, formatMeasured, NOT_MEASURED } from "@/lib/figures";
import { formatCount, formatDelta, formatNumber } from "@/lib/numbers";
import type { Metric, Span } from "@/lib/reports/tasks";

const HEAD = ["Examples", "Base", "Tuned", "Tuned − base", "Verdict"];

type MetricsProps = { label: string; first: string; metrics: readonly (Metric & { title?: string })[]; worst?: string };

/** Metrics of base and tuned, each figure with its interval beneath it. */
export function Metrics({ label, first, metrics, worst }: MetricsProps) {
  return (
    <ScrollTable label={label} minWidth={760} head={[first, ...HEAD]}>
      {metrics.map((one) => (
        <Table.Tr key={one.title ?? one.name}>
          <Table.Th scope="row" fw={one.title !== undefined && one.title === worst ? 700 : 400} miw={150}>
            {one.title ?? one.name}
            <Text size="xs" c="dimmed">
              {one.title === undefined && (one.isLowerBetter ? "lower is better" : "higher is better")}
              {one.title !== undefined && one.title === worst && "the worst"}
            </Text>
          </Table.Th>
          <Table.Td>{one.numExamples === null ? NOT_MEASURED : formatCount(one.numExamples)}</Table.Td>
          <Table.Td>
            <Figure value={one.base} span={one.baseSpan} />
          </Table.Td>
          <Table.Td fw={600}>
            <Figure value={one.tuned} span={one.tunedSpan} />
          </Table.Td>
          <Table.Td>
            {one.delta === null ? NOT_MEASURED : formatDelta(one.delta)}
            <Text size="xs" c="dimmed" className="studio-nowrap">
              {formatInterval(one.span)}
            </Text>
          </Table.Td>
          <Table.Td>
            <VerdictBadge verdict={one.verdict} />
          </Table.Td>
        </Table.Tr>
      ))}
    </ScrollTable>
  );
}

function Figure({ value, span: { low, high } }: { value: number | null; span: Span }) {
  return (
    <>
      {formatMeasured(value, 4)}
      {low !== null && high !== null && (
        <Text size="xs" c="dimmed" fw={400} className="studio-nowrap">
          {formatNumber(low, 3)} to {formatNumber(high, 3)}
        </Text>
      )}
    </>
  );
}
