import { Anchor, Group, Stack, Table, Text } from "@mantine/core";
import { Link } from "react-router";

import { Answers } from "./Answers";
import { Examples } from "./Examples";
import { Judge } from "./Judge";
import { General, Tasks } from "./Tasks";
import type { ArtifactRecord } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { Panel } from "@/components/Panel";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { ScrollTable } from "@/components/ScrollTable";
import { VerdictBadge } from "@/components/VerdictBadge";
import { enclosed } from "@/lib/bidi";
import { formatInterval, formatMeasured, NOT_MEASURED } from "@/lib/figures";
import { formatCount, formatDelta } from "@/lib/numbers";
import { type Compared, evaluationOf, type Outcome } from "@/lib/reports/evaluation";
import { judgeOf } from "@/lib/reports/judge";
import { probeOf, tasksOf } from "@/lib/reports/tasks";

/** One evaluation: its verdict, its figures, its gates, its answers, and example by example. */
export function Report({ record }: { record: ArtifactRecord }) {
  const found = evaluationOf(record.body);
  const probe = probeOf(record.body);
  const judge = judgeOf(record.body);
  return (
    <>
      <Panel title="Report">
        <Stack gap="xs">
          <Group gap="sm">
            <VerdictBadge verdict={found.verdict} />
            <Text size="sm">
              Made <RelativeTime at={record.created_at} /> by{" "}
              <Anchor component={Link} to={`/jobs/${record.job_id}`} size="sm" underline="always">
                job {record.job_id}
              </Anchor>
              , of <CopyableId value={found.adapterId} label="adapter" />
            </Text>
          </Group>
          <Comparisons rows={found.comparisons} />
        </Stack>
      </Panel>
      <Panel title="Gates">
        <Gates gates={found.gates} />
      </Panel>
      <Tasks record={record} tasks={tasksOf(record.body)} />
      {judge !== null && <Judge judge={judge} />}
      {probe !== null && <General probe={probe} />}
      {found.answers.length > 0 && <Answers answers={found.answers} />}
      {found.splits.length > 0 && <Examples record={record} splits={found.splits} manifestId={found.manifestId} />}
    </>
  );
}

const HEAD = ["Measure", "Examples", "Base", "Tuned", "Tuned − base", "95 % interval", "Verdict"];

function Comparisons({ rows }: { rows: readonly Compared[] }) {
  const methods = [...new Set(rows.map(({ method }) => method))].filter((method) => method !== "");
  return (
    <>
      <ScrollTable label="Base against tuned" minWidth={760} head={HEAD}>
        {rows.map((row) => (
          <Table.Tr key={row.name}>
            <Table.Th scope="row" fw={400}>
              {row.name}
              {row.more !== "" && (
                <Text size="xs" c="dimmed">
                  {row.more}
                </Text>
              )}
            </Table.Th>
            <Table.Td>{row.numExamples === null ? NOT_MEASURED : formatCount(row.numExamples)}</Table.Td>
            <Table.Td>{formatMeasured(row.base)}</Table.Td>
            <Table.Td fw={600}>{formatMeasured(row.tuned)}</Table.Td>
            <Table.Td>{row.delta === null ? NOT_MEASURED : formatDelta(row.delta)}</Table.Td>
            <Table.Td className="studio-nowrap">{formatInterval(row)}</Table.Td>
            <Table.Td>
              <VerdictBadge verdict={row.verdict} />
            </Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
      <Text size="xs" c="dimmed">
        Losses are mean nats per trained token; lower is better. Objectives are per pair or answer.
        {methods.length > 0 && ` Intervals: ${methods.map(enclosed).join("; ")}.`}
      </Text>
    </>
  );
}

function Gates({ gates }: { gates: readonly Outcome[] }) {
  if (gates.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        This report has no gates.
      </Text>
    );
  }
  return (
    <Stack component="ul" gap="xs" m={0} p={0} className="studio-list-inline">
      {gates.map((gate) => (
        <Group key={gate.name} component="li" gap="sm" align="flex-start">
          <VerdictBadge verdict={gate.passed ? "passed" : gate.required ? "failed" : "missed"} />
          <div className="studio-wrap">
            <Text size="sm">{gate.sentence}</Text>
            <Text size="xs" c="dimmed">
              <span className="studio-mono">
                <Said>{gate.name}</Said>
              </span>
              : <Said>{gate.seen}</Said>
              {!gate.required && " (not required)"}
            </Text>
          </div>
        </Group>
      ))}
    </Stack>
  );
}
