import uPlot from "uplot";

import type { Cursor } from "./cursor";
import { levelPlugin, marksPlugin, type Overlay } from "./marks";
import type { Palette } from "./palette";
import type { PlotOptions } from "./Plot";
import type { PlotGroup } from "./plotGroup";
import { formatNumber } from "@/lib/numbers";
import type { Layout } from "@/lib/series/layout";
import { robustRange } from "@/lib/series/smoothing";

/** The order of the columns in a loss plot. */
export const COLUMNS = ["train", "smooth", "paired", "abandoned", "high", "low", "evals"] as const;

export function dataOf(layout: Layout): uPlot.AlignedData {
  return [layout.steps, ...COLUMNS.map((name) => layout[name])];
}

export type LossChoices = { isDelta: boolean; isLog: boolean; isRobust: boolean; isSmooth: boolean };

type Reading = { overlay: Overlay; cursor: Cursor };

/** How the loss is drawn. */
export function lossOptions(choices: LossChoices, palette: Palette, group: PlotGroup, reading: Reading): PlotOptions {
  return {
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "run", setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => showAll(group) },
    },
    scales: { x: { time: false }, y: scale(choices, group, reading) },
    axes: [axis(palette, false), { ...axis(palette, true), size: 64 }],
    series: seriesOf(choices, palette),
    bands: [{ series: [5, 6], fill: palette.band }],
    plugins: [levelPlugin(palette, reading.overlay), marksPlugin(palette, reading.overlay)],
    hooks: {
      setCursor: [(plot) => reading.cursor.set(plot.cursor.idx ?? null)],
      setSelect: [(plot) => choose(plot, group)],
    },
  };
}

export function showAll(group: PlotGroup): () => null {
  return () => {
    group.show(null);
    return null;
  };
}

/** What was dragged over is shown. */
export function choose(plot: uPlot, group: PlotGroup): void {
  const { left, width } = plot.select;
  if (width > 4) {
    group.show({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
  }
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

export function axis(palette: Palette, isValues: boolean): uPlot.Axis {
  return {
    stroke: palette.text,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1 },
    font: "11px system-ui, sans-serif",
    ...(isValues ? { values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : tidy(tick))) } : { size: 34 }),
  };
}

/** Figures of an axis, without the noughts that say nothing. */
function tidy(value: number): string {
  const text = formatNumber(value, 4);
  return text.includes("e") || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
}

function seriesOf(choices: LossChoices, palette: Palette): uPlot.Series[] {
  const { isSmooth } = choices;
  const points = (colour: string, size: number) => ({ show: true, size, fill: colour, stroke: colour });
  const none = { show: false };

  return [
    {},
    {
      label: "train",
      stroke: isSmooth ? palette.trainFaint : palette.train,
      width: isSmooth ? 1 : 1.75,
      points: none,
    },
    { label: "train, smoothed", stroke: palette.train, width: 1.75, points: none },
    { label: "train, paired", stroke: palette.train, width: 0, points: rings(palette, 8) },
    { label: "made again", stroke: palette.muted, width: 1, dash: [2, 3], spanGaps: true, points: none },
    { label: "high", stroke: "transparent", width: 0, spanGaps: true, points: none },
    { label: "low", stroke: "transparent", width: 0, spanGaps: true, points: none },
    {
      label: "eval",
      stroke: palette.evals,
      width: 2,
      dash: [7, 4],
      spanGaps: true,
      points: points(palette.evals, 7),
    },
  ];
}

/** Measured now and then, so there is no line between them. */
function rings(palette: Palette, size: number): uPlot.Series.Points {
  return { show: true, size, width: 2, fill: palette.background, stroke: palette.train };
}

function scale(choices: LossChoices, group: PlotGroup, reading: Reading): uPlot.Scale {
  return {
    distr: choices.isLog ? 3 : 1,
    range: (plot, min, max) => {
      const whole = group.range === null;
      const robust = choices.isRobust ? robustRange(visible(plot)) : null;
      let [low, high] = robust ?? [min ?? 0, max ?? 1];
      const { level } = reading.overlay;
      if (whole && level !== null && robust === null) {
        low = Math.min(low, level.value);
        high = Math.max(high, level.value);
      }
      if (choices.isLog) {
        const floor = low > 0 ? low : 1e-6;
        return uPlot.rangeLog(floor, Math.max(high, floor * 1.1), 10, false);
      }
      const margin = (high - low || Math.abs(high) || 1) * 0.06;
      return [low - margin, high + margin];
    },
  };
}

function visible(plot: uPlot): number[] {
  const [steps, ...columns] = plot.data;
  const { min, max } = plot.scales["x"] ?? {};
  const from = min ?? -Infinity;
  const to = max ?? Infinity;
  return columns
    .flatMap((column) =>
      Array.from(column).filter(
        (value, index) => value != null && (steps[index] ?? 0) >= from && (steps[index] ?? 0) <= to,
      ),
    )
    .filter((value) => value != null);
}
