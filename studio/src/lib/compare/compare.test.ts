import { describe, expect, test } from "vitest";

import { settingRows } from "./configs";
import { overlaid, valueAt } from "./curves";
import { metricRows } from "./metrics";
import type { Results } from "@/api";
import { type Curve, EMPTY, withRecords } from "@/lib/run/curve";
import type { RunRecord } from "@/lib/run/records";

const NONE = { delta: null, learningRate: null, gradNorm: null, tokensPerSecond: null, memoryBytes: null };

function log(seq: number, step: number, loss: number): RunRecord {
  return { kind: "log", seq, step, at: seq, loss, ...NONE, nonFinite: {} };
}

function evaluated(seq: number, step: number, loss: number, delta: number): RunRecord {
  return { kind: "eval", seq, step, at: seq, loss, delta, low: null, high: null, nonFinite: {} };
}

function curve(...records: RunRecord[]): Curve {
  return withRecords(EMPTY, records);
}

function plan(sources: object) {
  return { plan: { sources } };
}

describe("settings", () => {
  test("differ by value and not by where the value came from", () => {
    const [rate, seed] = settingRows([
      plan({ "optim.learning_rate": { value: 0.1, source: "cli" }, seed: { value: 42, source: "default" } }),
      plan({ "optim.learning_rate": { value: 0.2, source: "cli" }, seed: { value: 42, source: "cli" } }),
    ]);
    expect([rate?.name, rate?.isDifferent]).toEqual(["optim.learning_rate", true]);
    expect([seed?.name, seed?.isDifferent]).toEqual(["seed", false]);
  });

  test("that only one recipe has are a difference", () => {
    const rows = settingRows([plan({ seed: { value: null, source: "default" } }), plan({})]);
    expect(rows).toEqual([{ name: "seed", settings: [{ text: "null", source: "default" }, null], isDifferent: true }]);
  });
});

describe("curves", () => {
  const one = curve({ kind: "baseline", seq: 1, step: 0, at: 1, loss: 5 }, log(2, 10, 4), evaluated(3, 20, 3, -2));
  const other = curve(log(1, 5, 6), log(2, 10, 5));

  test("share their steps, and what was not measured stays a hole", () => {
    expect(overlaid([one, other], "absolute", "train", 0)).toEqual({
      steps: [5, 10],
      columns: [
        [undefined, 4],
        [6, 5],
      ],
    });
  });

  test("of deltas leave out a training whose base is not known", () => {
    const found = overlaid([one, other], "delta", "train", 0);
    expect(found).toEqual({ steps: [10], columns: [[-1], [undefined]] });
    expect(overlaid([one, other], "delta", "eval", 0)).toEqual({ steps: [20], columns: [[-2], [undefined]] });
  });

  test("are read at the step under the cursor, or at the last one before it", () => {
    expect(valueAt([5, 10, 20], [1, undefined, 3], 1)).toEqual({ step: 5, value: 1 });
    expect(valueAt([5, 10, 20], [undefined, undefined, 3], 1)).toBeNull();
  });
});

test("metrics keep the place of a training that has no results", () => {
  const found = { metrics: { eval: { loss: 3 } }, baselines: { eval: { loss: 5 } }, deltas: {} };
  const results: Results = { ...RESULTS, ...found };
  expect(metricRows([null, results])).toEqual([
    { split: "eval", metric: "loss", figures: [null, { base: 5, tuned: 3, delta: null, step: 1 }] },
  ]);
});

const RESULTS: Results = {
  schema_version: 1,
  experiment: "exp-001",
  status: "completed",
  ended: { by: "total_steps", step: 1, why: "" },
  base_model: "tiny",
  mode: "sft",
  method: "lora",
  total_steps: 1,
  best_step: 1,
  num_attempts: 1,
  training_time_hours: 0,
  metrics: {},
  train_step: null,
  baselines: {},
  deltas: {},
  final_train_loss: null,
  num_tokens: 1,
  tokens_per_second: null,
  throughput: [],
  memory_peak_gb: null,
  cost: null,
  energy_kwh: null,
  provenance: {},
};
