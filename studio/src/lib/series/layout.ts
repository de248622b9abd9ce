/** Records laid out as columns over one axis of steps, as a plot wants them. */
import { smoothed } from "./smoothing";
import type { EvalRecord, LogRecord } from "@/lib/run/records";

/** `null` was measured and is no number, so the line has a gap; `undefined` was not measured at this step. */
export type Column = (number | null | undefined)[];

export type View = "delta" | "absolute";

export type Layout = {
  steps: number[];
  /** The loss of every logged span; in the view of deltas, less that of the base on the eval split. */
  train: Column;
  smooth: Column;
  /** In the view of deltas: tuned minus base on the same batch, where that was measured. */
  paired: Column;
  evals: Column;
  low: Column;
  high: Column;
  /** Spans that a recovery went back behind and made again. */
  abandoned: Column;
};

export type Curves = { logs: readonly LogRecord[]; evals: readonly EvalRecord[]; baseline: number | null };

/** Lay out the curves of a view. */
export function layoutOf({ logs, evals, baseline }: Curves, view: View, smoothing: number): Layout {
  const { kept, abandoned } = split(logs);
  const base = view === "delta" ? (baseline ?? Number.NaN) : 0;
  const isShown = !Number.isNaN(base);
  const losses = isShown ? kept.map((one) => (one.loss === null ? null : one.loss - base)) : [];
  const smooth = smoothing > 0 ? smoothed(losses, smoothing) : [];
  const steps = stepsOf(kept, abandoned, evals);
  const places = new Map(steps.map((step, index) => [step, index]));
  const column = (records: readonly { step: number }[], values: Column): Column => {
    const found: Column = Array.from({ length: steps.length });
    records.forEach((record, index) => {
      found[places.get(record.step) ?? 0] = values[index];
    });
    return found;
  };
  const isDelta = view === "delta";
  const paired = isDelta ? kept.filter((one) => one.delta !== null || "delta" in one.nonFinite) : [];
  return {
    steps,
    train: column(losses.length > 0 ? kept : [], losses),
    smooth: column(smooth.length > 0 ? kept : [], smooth),
    paired: column(
      paired,
      paired.map((one) => one.delta),
    ),
    evals: column(
      evals,
      evals.map((one) => (isDelta ? one.delta : one.loss)),
    ),
    low: column(isDelta ? evals : [], isDelta ? evals.map((one) => one.low) : []),
    high: column(isDelta ? evals : [], isDelta ? evals.map((one) => one.high) : []),
    abandoned: column(isShown ? abandoned : [], isShown ? abandoned.map((one) => minus(one.loss, base)) : []),
  };
}

/** One series of spans over their steps, without those that were made again. */
export function columnOf(logs: readonly LogRecord[], value: (log: LogRecord) => number | null): [number[], Column] {
  const { kept } = split(logs);
  return [kept.map((one) => one.step), kept.map(value)];
}

/** Whether there is anything to draw in a view. */
export function hasFinite(layout: Layout): boolean {
  return [layout.train, layout.paired, layout.evals].some((column) =>
    column.some((value) => typeof value === "number"),
  );
}

/** Tell the spans that count from those that a later attempt made anew. */
function split(logs: readonly LogRecord[]): { kept: LogRecord[]; abandoned: LogRecord[] } {
  const kept: LogRecord[] = [];
  const abandoned: LogRecord[] = [];
  for (const log of logs) {
    let last = kept.at(-1);
    while (last !== undefined && last.step >= log.step) {
      abandoned.push(last);
      kept.pop();
      last = kept.at(-1);
    }
    kept.push(log);
  }
  return { kept, abandoned };
}

function stepsOf(...records: readonly (readonly { step: number }[])[]): number[] {
  return [...new Set(records.flatMap((some) => some.map((one) => one.step)))].sort((one, other) => one - other);
}

function minus(value: number | null, base: number): number | null {
  return value === null ? null : value - base;
}
