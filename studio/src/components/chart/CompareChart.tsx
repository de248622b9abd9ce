import { Button, Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import type uPlot from "uplot";

import { axis, choose, showAll } from "./lossOptions";
import { levelPlugin, Overlay } from "./marks";
import { type Palette, usePalette } from "./palette";
import { Plot, type PlotOptions } from "./Plot";
import { PlotGroup, type StepRange } from "./plotGroup";
import { overlaid, valueAt, type Which } from "@/lib/compare/curves";
import { formatDelta, formatNumber } from "@/lib/numbers";
import { type Curve, EMPTY } from "@/lib/run/curve";

type CompareChartProps = {
  names: readonly string[];
  /** Null where it is not here yet. Its identity decides whether the chart is laid out anew. */
  curves: readonly (Curve | null)[];
};

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4]] as const;

/** Losses of several trainings over the same steps, told apart by colour and by dashes. */
export function CompareChart({ names, curves }: CompareChartProps) {
  const palette = usePalette();
  const [isDelta, setIsDelta] = useState(true);
  const [which, setWhich] = useState<Which>("eval");
  const [smoothing, setSmoothing] = useState(0.6);
  const [index, setIndex] = useState<number | null>(null);
  const [range, setRange] = useState<StepRange | null>(null);
  const [group] = useState(() => new PlotGroup(setRange));
  useEffect(() => () => group.stop(), [group]);
  const { steps, columns } = useMemo(
    () =>
      overlaid(
        curves.map((curve) => curve ?? EMPTY),
        isDelta ? "delta" : "absolute",
        which,
        smoothing,
      ),
    [curves, isDelta, which, smoothing],
  );
  const data: uPlot.AlignedData = useMemo(() => [steps, ...columns], [steps, columns]);
  const numLines = names.length;
  const options = useMemo(
    () => optionsOf({ numLines, isDelta, hasPoints: which === "eval" }, palette, group, setIndex),
    [numLines, isDelta, which, palette, group],
  );
  const at = index ?? steps.length - 1;
  const format = isDelta ? formatDelta : formatNumber;
  const readings = names.map((name, line) => ({ name, found: valueAt(steps, columns[line] ?? [], at) }));
  const label = `${which === "eval" ? "Eval" : "Train"} loss${isDelta ? " less that of the untuned base" : ""} over steps.`;
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <SegmentedControl
          size="xs"
          aria-label="Which loss"
          value={which}
          onChange={(value) => setWhich(value === "train" ? "train" : "eval")}
          data={[
            { value: "eval", label: "Eval loss" },
            { value: "train", label: "Train loss" },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label="What is drawn"
          value={isDelta ? "delta" : "absolute"}
          onChange={(value) => setIsDelta(value === "delta")}
          data={[
            { value: "delta", label: "Delta from base" },
            { value: "absolute", label: "Absolute" },
          ]}
        />
        {which === "train" && (
          <Select
            size="xs"
            w={140}
            aria-label="Smoothing"
            allowDeselect={false}
            data={["0", "0.6", "0.9", "0.97"].map((value) => ({
              value,
              label: value === "0" ? "No smoothing" : `Smoothing ${value}`,
            }))}
            value={String(smoothing)}
            onChange={(value) => setSmoothing(Number(value))}
          />
        )}
        {range !== null && (
          <Button size="compact-xs" variant="light" onClick={() => group.show(null)}>
            Show all
          </Button>
        )}
      </Group>
      {steps.length === 0 ? (
        <Text c="dimmed" size="sm" py="xl" ta="center" role="status">
          {isDelta ? "None of these has a loss against its base yet." : "None of these has a measured loss yet."}
        </Text>
      ) : (
        <Plot options={options} data={data} height={320} label={label} group={group} />
      )}
      <Group gap="md" style={{ rowGap: 2 }} component="ul" m={0} p={0} className="studio-list-inline">
        {readings.map(({ name, found }, line) => (
          <Group key={name} component="li" gap={6} wrap="nowrap">
            <Swatch line={line} palette={palette} />
            <Text size="xs">
              {name}: {found === null ? "not measured" : `${format(found.value)} at step ${found.step}`}
            </Text>
          </Group>
        ))}
      </Group>
    </Stack>
  );
}

/** How a training is drawn. */
function Swatch({ line, palette }: { line: number; palette: Palette }) {
  return (
    <svg width={26} height={8} aria-hidden>
      <line
        x1={0}
        x2={26}
        y1={4}
        y2={4}
        stroke={colourOf(palette, line)}
        strokeWidth={2.5}
        strokeDasharray={dashOf(line).join(" ") || undefined}
      />
    </svg>
  );
}

type Choices = { numLines: number; isDelta: boolean; hasPoints: boolean };

function optionsOf(
  { numLines, isDelta, hasPoints }: Choices,
  palette: Palette,
  group: PlotGroup,
  onCursor: (index: number | null) => void,
): PlotOptions {
  const overlay = new Overlay();
  overlay.set([], isDelta ? { value: 0, text: "untuned base" } : null);
  const lines = Array.from({ length: numLines }, (_, line) => ({
    label: `line ${line}`,
    stroke: colourOf(palette, line),
    width: 2,
    dash: [...dashOf(line)],
    spanGaps: true,
    points: { show: hasPoints, size: 6, fill: colourOf(palette, line), stroke: colourOf(palette, line) },
  }));
  return {
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => showAll(group) },
    },
    scales: { x: { time: false }, y: { range: (_, min, max) => padded(min ?? 0, max ?? 1, isDelta) } },
    axes: [axis(palette, false), { ...axis(palette, true), size: 64 }],
    series: [{}, ...lines],
    plugins: [levelPlugin(palette, overlay)],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => choose(plot, group)],
    },
  };
}

function padded(min: number, max: number, hasZero: boolean): [number, number] {
  const low = hasZero ? Math.min(min, 0) : min;
  const high = hasZero ? Math.max(max, 0) : max;
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - margin, high + margin];
}

function colourOf(palette: Palette, line: number): string {
  return palette.several[line % palette.several.length] ?? palette.text;
}

function dashOf(line: number): readonly number[] {
  return DASHES[line % DASHES.length] ?? [];
}
