import { expect, test } from "vitest";

import { hasFinite, layoutOf } from "./layout";
import type { EvalRecord, LogRecord } from "@/lib/run/records";

function log(seq: number, step: number, loss: number | null, more: Partial<LogRecord> = {}): LogRecord {
  const none = { delta: null, learningRate: null, gradNorm: null, tokensPerSecond: null, memoryBytes: null };
  return { kind: "log", seq, step, at: seq, loss, ...none, nonFinite: {}, ...more };
}

const EVAL: EvalRecord = {
  kind: "eval",
  seq: 9,
  step: 25,
  at: 9,
  loss: 4,
  delta: -1,
  low: -1.2,
  high: -0.8,
  nonFinite: {},
};

test("deltas are against the base: every span less its eval loss, and exactly where both were measured", () => {
  const found = layoutOf(
    { logs: [log(1, 10, 5), log(2, 20, 4, { delta: -1.5 })], evals: [EVAL], baseline: 5 },
    "delta",
    0,
  );
  expect(found.steps).toEqual([10, 20, 25]);
  expect(found.train).toEqual([0, -1, undefined]);
  expect(found.paired).toEqual([undefined, -1.5, undefined]);
  expect([found.evals[2], found.low[2], found.high[2]]).toEqual([-1, -1.2, -0.8]);
});

test("an absolute view has losses, and no band, because the interval is of the delta", () => {
  const found = layoutOf({ logs: [log(1, 10, 5)], evals: [EVAL], baseline: 5 }, "absolute", 0);
  expect(found.train).toEqual([5, undefined]);
  expect(found.evals).toEqual([undefined, 4]);
  expect(found.low).toEqual([undefined, undefined]);
});

test("what was no number is a gap, and alone it is nothing to draw", () => {
  const found = layoutOf(
    { logs: [log(1, 10, null, { nonFinite: { loss: "nan" } })], evals: [], baseline: 5 },
    "delta",
    0,
  );
  expect(found.train).toEqual([null]);
  expect(hasFinite(found)).toBe(false);
});

test("without a base there are no deltas of spans", () => {
  const found = layoutOf({ logs: [log(1, 10, 5)], evals: [], baseline: null }, "delta", 0);
  expect(found.train).toEqual([undefined]);
  expect(hasFinite(found)).toBe(false);
});

test("spans that a recovery made anew are shown apart, and the line is that of the run as it is", () => {
  const logs = [log(1, 10, 5), log(2, 20, 4), log(3, 30, 99), log(4, 20, 4.1), log(5, 30, 3.9), log(6, 40, 3.8)];
  const found = layoutOf({ logs, evals: [], baseline: null }, "absolute", 0);
  expect(found.steps).toEqual([10, 20, 30, 40]);
  expect(found.train).toEqual([5, 4.1, 3.9, 3.8]);
  expect(found.abandoned).toEqual([undefined, 4, 99, undefined]);
});
