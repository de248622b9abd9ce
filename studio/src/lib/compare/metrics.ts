/** What several trainings came to, a row a metric. */
import type { Results } from "@/api";

export type Figure = {
  base: number | null;
  tuned: number | null;
  delta: Results["deltas"][string][string];
  /** What was measured is of this step; null where the results do not tell. */
  step: number | null;
};

export type MetricRow = { split: string; metric: string; figures: readonly (Figure | null)[] };

/** Lay out results; null stands for a training that has none. */
export function metricRows(results: readonly (Results | null)[]): MetricRow[] {
  const keys = new Map<string, { split: string; metric: string }>();
  for (const found of results) {
    for (const [split, metrics] of Object.entries(found?.metrics ?? {})) {
      for (const metric of Object.keys(metrics)) {
        keys.set(`${split} ${metric}`, { split, metric });
      }
    }
  }
  return [...keys.values()].map(({ split, metric }) => ({
    split,
    metric,
    figures: results.map((found) => (found === null ? null : figureOf(found, split, metric))),
  }));
}

function figureOf(found: Results, split: string, metric: string): Figure {
  return {
    base: found.baselines[split]?.[metric] ?? null,
    tuned: found.metrics[split]?.[metric] ?? null,
    delta: found.deltas[split]?.[metric] ?? null,
    step: split === "train" ? found.train_step : split === "eval" ? found.best_step : null,
  };
}
