import { Button, Group, Text } from "@mantine/core";

import { formatCount } from "@/lib/numbers";

type PagerProps = { start: number; shown: number; total: number; size: number; onMove: (start: number) => void };

/** Which rows of how many are shown, and the way to the others. */
export function Pager({ start, shown, total, size, onMove }: PagerProps) {
  return (
    <Group justify="space-between" gap="xs" mt="xs">
      <Text size="sm" c="dimmed" role="status">
        {total === 0
          ? "No rows"
          : `${formatCount(start + 1)} to ${formatCount(start + shown)} of ${formatCount(total)}`}
      </Text>
      <Group gap="xs">
        <Button size="xs" variant="default" disabled={start === 0} onClick={() => onMove(Math.max(0, start - size))}>
          Previous
        </Button>
        <Button size="xs" variant="default" disabled={start + shown >= total} onClick={() => onMove(start + size)}>
          Next
        </Button>
      </Group>
    </Group>
  );
}
