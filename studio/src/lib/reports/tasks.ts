/** Reading what the tasks of an evaluation came to. What is not there, or is of another kind, is left out. */
import { type JsonObject, numberIn, objectIn, objectsIn, textIn, textsIn } from "@/lib/json";

export type Span = { low: number | null; high: number | null };

export type Metric = {
  name: string;
  isLowerBetter: boolean;
  numExamples: number | null;
  base: number | null;
  tuned: number | null;
  delta: number | null;
  /** Of the base's figure. */
  baseSpan: Span;
  tunedSpan: Span;
  /** Of the difference. */
  span: Span;
  method: string;
  verdict: string;
};

export type Slice = { slice: string; metric: Metric };
export type ClassScore = { label: string; numExamples: number; baseF1: number; tunedF1: number };
export type Confused = { label: string; guess: string; base: number; tuned: number };

export type Task = {
  id: string;
  rows: string;
  numRows: number;
  numAnswered: number;
  numFailing: number;
  metrics: readonly Metric[];
  missing: readonly string[];
  slices: readonly Slice[];
  worstSlice: string | null;
  classes: readonly ClassScore[];
  confusions: readonly Confused[];
};

export type Probe = { texts: Metric; instructions: Metric; verdict: string };

export function tasksOf(body: JsonObject): readonly Task[] {
  return objectsIn(body, "tasks").map((one) => ({
    id: textIn(one, "id") ?? "",
    rows: textIn(one, "rows") ?? "",
    numRows: numberIn(one, "num_rows") ?? 0,
    numAnswered: numberIn(one, "num_answered") ?? 0,
    numFailing: numberIn(one, "num_failing") ?? 0,
    metrics: objectsIn(one, "metrics").map(metricOf),
    missing: textsIn(one, "missing"),
    slices: objectsIn(one, "slices").map((part) => ({
      slice: textIn(part, "slice") ?? "",
      metric: metricOf(objectIn(part, "metric")),
    })),
    worstSlice: textIn(one, "worst_slice"),
    classes: objectsIn(one, "classes").map((part) => ({
      label: textIn(part, "label") ?? "",
      numExamples: numberIn(part, "num_examples") ?? 0,
      baseF1: numberIn(part, "base_f1") ?? 0,
      tunedF1: numberIn(part, "tuned_f1") ?? 0,
    })),
    confusions: objectsIn(one, "confusions").map((part) => ({
      label: textIn(part, "label") ?? "",
      guess: textIn(part, "guess") ?? "",
      base: numberIn(part, "base") ?? 0,
      tuned: numberIn(part, "tuned") ?? 0,
    })),
  }));
}

export function probeOf(body: JsonObject): Probe | null {
  const probe = objectIn(body, "probe");
  const verdict = textIn(probe, "verdict");
  return verdict === null
    ? null
    : { texts: metricOf(objectIn(probe, "texts")), instructions: metricOf(objectIn(probe, "instructions")), verdict };
}

function metricOf(one: JsonObject): Metric {
  return {
    name: textIn(one, "name") ?? "",
    isLowerBetter: one["is_lower_better"] === true,
    numExamples: numberIn(one, "num_examples"),
    base: numberIn(one, "base"),
    tuned: numberIn(one, "tuned"),
    delta: numberIn(one, "delta"),
    baseSpan: spanOf(one, "base_interval"),
    tunedSpan: spanOf(one, "tuned_interval"),
    span: spanOf(one, "interval"),
    method: textIn(objectIn(one, "interval"), "method") ?? "",
    verdict: textIn(one, "verdict") ?? "",
  };
}

function spanOf(one: JsonObject, key: string): Span {
  const interval = objectIn(one, key);
  return { low: numberIn(interval, "low"), high: numberIn(interval, "high") };
}

/** The slices by the task's first metric, the worst of the tuned model first. */
export function worstFirst(task: Task): readonly Slice[] {
  const name = task.metrics[0]?.name;
  const own = task.slices.filter(({ metric }) => metric.name === name);
  const sign = task.metrics[0]?.isLowerBetter === true ? -1 : 1;
  return own.toSorted((one, other) => sign * ((one.metric.tuned ?? 0) - (other.metric.tuned ?? 0)));
}

export type Matrix = {
  /** Right labels, the rows; and what was said, the columns: all of them, in order. */
  labels: readonly string[];
  counts: readonly (readonly number[])[];
  /** The largest count of all, for shading. */
  most: number;
};

/** How often rows of each label were given each label. */
export function matrixOf(task: Task, side: "base" | "tuned"): Matrix {
  const labels = [...new Set(task.confusions.flatMap(({ label, guess }) => [label, guess]))].toSorted();
  const counts = labels.map((label) =>
    labels.map((guess) => task.confusions.find((one) => one.label === label && one.guess === guess)?.[side] ?? 0),
  );
  return { labels, counts, most: Math.max(1, ...counts.flat()) };
}

/** What is mistaken for what, the most frequent first. */
export function mistakes(task: Task): readonly Confused[] {
  return task.confusions
    .filter(({ label, guess, tuned }) => label !== guess && tuned > 0)
    .toSorted((one, other) => other.tuned - one.tuned);
}
