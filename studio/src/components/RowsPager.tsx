import { Text } from "@mantine/core";

import { Pager } from "./Pager";

import { formatCount } from "@/lib/numbers";

type RowsPagerProps = { start: number; shown: number; total: number; size: number; onMove: (start: number) => void };

/** Which rows of how many are shown, and the way to the others. */
export function RowsPager({ start, shown, total, size, onMove }: RowsPagerProps) {
  const rows = `${formatCount(start + 1)} to ${formatCount(start + shown)} of ${formatCount(total)}`;
  const label = total === 0 ? "No rows" : rows;
  if (start === 0 && shown >= total) {
    return (
      <Text size="sm" c="dimmed" mt="xs" role="status">
        {label}
      </Text>
    );
  }
  return (
    <Pager
      label={label}
      onPrevious={start === 0 ? null : () => onMove(Math.max(0, start - size))}
      onNext={start + shown >= total ? null : () => onMove(start + size)}
    />
  );
}
