import { Group, Text } from "@mantine/core";
import { useSyncExternalStore } from "react";

import type { Cursor } from "./cursor";
import { formatDelta, formatNumber } from "@/lib/numbers";
import type { Mark } from "@/lib/run/marks";
import type { LogRecord } from "@/lib/run/records";
import type { Column, Layout } from "@/lib/series/layout";

type ReadoutProps = {
  layout: Layout;
  logs: readonly LogRecord[];
  marks: readonly Mark[];
  cursor: Cursor;
  isDelta: boolean;
};

/** The step under the cursor, or the last one, with whichever values exist there, and what is marked near it. */
export function Readout({ layout, logs, marks, cursor, isDelta }: ReadoutProps) {
  const index = useSyncExternalStore(cursor.subscribe, cursor.get);
  const at = index ?? layout.steps.length - 1;
  const step = layout.steps[at];
  if (step === undefined) {
    return null;
  }
  const log = logs.findLast((one) => one.step === step);
  const format = isDelta ? formatDelta : formatNumber;
  const values = [
    told(isDelta ? "train − base's eval" : "train", layout.train, at, format),
    told("smoothed", layout.smooth, at, format),
    told("train − base", layout.paired, at, format),
    told("eval", layout.evals, at, format),
    interval(layout, at),
    log?.learningRate == null ? null : `lr ${formatNumber(log.learningRate, 3)}`,
    log?.gradNorm == null ? null : `grad norm ${formatNumber(log.gradNorm, 3)}`,
  ].filter((value) => value !== null);
  const near = marks.filter((mark) => mark.step === step).map((mark) => mark.text);
  return (
    <Group gap="sm" style={{ rowGap: 0 }} mih={22} aria-hidden>
      <Text size="xs" fw={600}>
        {index === null ? "newest: " : ""}step {step}
      </Text>
      {values.map((value) => (
        <Text key={value} size="xs">
          {value}
        </Text>
      ))}
      {near.map((text) => (
        <Text key={text} size="xs" c="dimmed">
          {text}
        </Text>
      ))}
    </Group>
  );
}

function told(name: string, column: Column, at: number, format: (value: number) => string): string | null {
  const value = column[at];
  if (value === undefined) {
    return null;
  }
  return `${name} ${value === null ? "no number" : format(value)}`;
}

function interval({ low, high }: Layout, at: number): string | null {
  const from = low[at];
  const to = high[at];
  return from == null || to == null ? null : `(${formatDelta(from)} to ${formatDelta(to)})`;
}
