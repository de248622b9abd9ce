import { Badge, Group } from "@mantine/core";

import type { BacklogEntry } from "@/api";

const COLORS: Record<BacklogEntry["state"], string> = { open: "orange", taken: "blue", closed: "teal" };

/** How an entry stands, and what it is worth. */
export function BacklogBadge({ entry }: { entry: BacklogEntry }) {
  const { state, finding, num_returns: numReturns } = entry;
  return (
    <Group gap={6}>
      <Badge color={COLORS[state]} variant="light" tt="none" radius="sm" fw={600}>
        {state}
      </Badge>
      {finding.is_blocking && state !== "closed" && (
        <Badge color="red" variant="light" tt="none" radius="sm" fw={600}>
          blocks promotion
        </Badge>
      )}
      {finding.share !== null && (
        <Badge color="gray" variant="light" tt="none" radius="sm" fw={600}>
          {(100 * finding.share).toFixed(1)} % of rows
        </Badge>
      )}
      {numReturns > 0 && (
        <Badge color="red" variant="light" tt="none" radius="sm" fw={600}>
          came back {numReturns === 1 ? "once" : `${numReturns} times`}
        </Badge>
      )}
    </Group>
  );
}
