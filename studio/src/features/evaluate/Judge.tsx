import { Group, Stack, Text } from "@mantine/core";

import { Panel } from "@/components/Panel";
import { VerdictBadge } from "@/components/VerdictBadge";
import { formatCount } from "@/lib/numbers";
import type { Judged } from "@/lib/reports/judge";

/** What a language model said of the answers, and what its word is worth. */
export function Judge({ judge }: { judge: Judged }) {
  return (
    <Panel title={`Judged by ${judge.model}`}>
      {judge.problem === "" ? (
        <Stack gap="xs">
          <Group gap="sm">
            <VerdictBadge
              verdict={judge.mayGate ? "passed" : "shown"}
              label={judge.mayGate ? "may gate" : "gates nothing"}
            />
            <Text size="sm">
              Tuned against base on {formatCount(judge.numRows)} rows: {formatCount(judge.wins)} wins,{" "}
              {formatCount(judge.ties)} ties, {formatCount(judge.losses)} losses.
            </Text>
          </Group>
          <Text size="sm">{judge.standing}</Text>
          <Text size="xs" c="dimmed">
            Each pair in both orders, {formatCount(judge.numCalls)} calls; {formatCount(judge.numInconsistent)} ties
            because the other order gave another verdict.
          </Text>
        </Stack>
      ) : (
        <Group gap="sm">
          <VerdictBadge verdict="failed" label="no verdict" />
          <Text size="sm">{judge.problem}</Text>
        </Group>
      )}
    </Panel>
  );
}
