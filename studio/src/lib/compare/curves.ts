/** Curves of several trainings over one axis of steps. */
import type { Curve } from "@/lib/run/curve";
import { type Column, layoutOf, type View } from "@/lib/series/layout";

export type Which = "eval" | "train";

export type Overlaid = {
  steps: number[];
  /** One for each training; `undefined` where it measured nothing at a step. */
  columns: Column[];
};

/** Lay the curves over each other; a training without a baseline has none in the view of deltas. */
export function overlaid(curves: readonly Curve[], view: View, which: Which, smoothing: number): Overlaid {
  const layouts = curves.map((curve) => layoutOf(curve, view, which === "train" ? smoothing : 0));
  const lines = layouts.map((layout) => {
    const values = which === "eval" ? layout.evals : smoothing > 0 ? layout.smooth : layout.train;
    return new Map(layout.steps.map((step, index) => [step, values[index]]));
  });
  const steps = [...new Set(lines.flatMap((line) => [...line.keys()].filter((step) => line.get(step) !== undefined)))];
  steps.sort((one, other) => one - other);
  return { steps, columns: lines.map((line) => steps.map((step) => line.get(step))) };
}

/** The value of a line at a step, or the last one before it. */
export function valueAt(
  steps: readonly number[],
  column: Column,
  index: number,
): { step: number; value: number } | null {
  for (let at = Math.min(index, steps.length - 1); at >= 0; at -= 1) {
    const value = column[at];
    const step = steps[at];
    if (typeof value === "number" && step !== undefined) {
      return { step, value };
    }
  }
  return null;
}
