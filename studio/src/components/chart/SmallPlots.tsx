import { SimpleGrid, Stack, Text } from "@mantine/core";
import { memo, useMemo } from "react";
import type uPlot from "uplot";

import { axis, choose, showAll } from "./lossOptions";
import { type Palette, usePalette } from "./palette";
import { Plot, type PlotOptions } from "./Plot";
import type { PlotGroup } from "./plotGroup";
import { formatBytes, formatNumber } from "@/lib/numbers";
import type { LogRecord } from "@/lib/run/records";
import { columnOf } from "@/lib/series/layout";

type Small = { name: string; value: (log: LogRecord) => number | null; format: (value: number) => string };

const SMALL: readonly Small[] = [
  { name: "Learning rate", value: (log) => log.learningRate, format: (value) => formatNumber(value, 3) },
  { name: "Gradient norm", value: (log) => log.gradNorm, format: (value) => formatNumber(value, 3) },
  { name: "Tokens per second", value: (log) => log.tokensPerSecond, format: (value) => formatNumber(value, 4) },
  { name: "Memory, peak of the process", value: (log) => log.memoryBytes, format: formatBytes },
];

/** Learning rate, gradient norm, speed and memory over the same steps as the loss. */
export const SmallPlots = memo(function SmallPlots({ logs, group }: { logs: readonly LogRecord[]; group: PlotGroup }) {
  const palette = usePalette();
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
      {SMALL.map((small) => (
        <SmallPlot key={small.name} small={small} logs={logs} group={group} palette={palette} />
      ))}
    </SimpleGrid>
  );
});

type SmallPlotProps = { small: Small; logs: readonly LogRecord[]; group: PlotGroup; palette: Palette };

function SmallPlot({ small, logs, group, palette }: SmallPlotProps) {
  const data: uPlot.AlignedData = useMemo(() => columnOf(logs, small.value), [logs, small]);
  const options = useMemo(() => smallOptions(small, palette, group), [small, palette, group]);
  const last = logs.findLast((log) => small.value(log) !== null);
  const now = last === undefined ? null : small.value(last);
  return (
    <Stack gap={2}>
      <Text size="xs" fw={600}>
        {small.name}
        {now !== null && (
          <Text span size="xs" c="dimmed" fw={400}>
            {" "}
            {small.format(now)}
          </Text>
        )}
      </Text>
      {now === null ? (
        <Text size="xs" c="dimmed" py="lg" ta="center">
          not measured yet
        </Text>
      ) : (
        <Plot
          options={options}
          data={data}
          height={120}
          label={`${small.name} over steps, now ${small.format(now)}.`}
          group={group}
        />
      )}
    </Stack>
  );
}

function smallOptions(small: Small, palette: Palette, group: PlotGroup): PlotOptions {
  const values = axis(palette, true);
  return {
    padding: [6, 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "run", setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 5 },
      bind: { dblclick: () => showAll(group) },
    },
    scales: { x: { time: false } },
    axes: [
      { ...axis(palette, false), size: 28 },
      {
        ...values,
        size: 74,
        space: 28,
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : small.format(tick))),
      },
    ],
    series: [{}, { label: small.name, stroke: palette.train, width: 1.5, points: { show: false } }],
    hooks: { setSelect: [(plot) => choose(plot, group)] },
  };
}
