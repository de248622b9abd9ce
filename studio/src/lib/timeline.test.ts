import { expect, test } from "vitest";

import { barsOf, LEAST, numBelow, rowsOf } from "./timeline";
import type { RunNode } from "@/api";

const at = (second: number) => new Date(1000 * second).toISOString();

test("runs lie where they were, and one that goes on ends now", () => {
  const jobs = [
    { started_at: at(0), finished_at: at(50) },
    { started_at: at(50), finished_at: null },
    { started_at: null, finished_at: null },
  ];
  expect(barsOf(jobs, 100_000)).toEqual([{ left: 0, width: 50 }, { left: 50, width: 50 }, null]);
});

test("a run that took no time can be seen, and stays inside", () => {
  const jobs = [
    { started_at: at(0), finished_at: at(1000) },
    { started_at: at(1000), finished_at: at(1000) },
  ];
  expect(barsOf(jobs, 0)[1]).toEqual({ left: 100 - LEAST, width: LEAST });
  expect(barsOf([], 0)).toEqual([]);
});

const run = (run_id: string, more: Partial<RunNode> = {}): RunNode => ({
  run_id,
  job_id: 1,
  kind: "train",
  status: "completed",
  reason: null,
  error: null,
  started_at: at(0),
  ended_at: at(1),
  duration_seconds: 1,
  num_events: {},
  severity: null,
  recoveries: [],
  steps: [],
  ...more,
});

test("a run opens to its recoveries and steps, each one further in", () => {
  const recovery = { seq: 7, cause: "oom", action: "smaller batches", started_at: at(3), ended_at: null };
  const step = run("train-2", { recoveries: [recovery, { ...recovery, seq: 9, action: null }] });
  const flow = run("autopilot-1", { steps: [run("ingest-3"), step] });
  expect(rowsOf(flow, false).map(({ name }) => name)).toEqual(["autopilot-1"]);
  const rows = rowsOf(flow, true);
  expect(rows.map(({ name, depth, note }) => [name, depth, note])).toEqual([
    ["autopilot-1", 0, null],
    ["ingest-3", 1, null],
    ["train-2", 1, null],
    ["recovery", 2, "oom → smaller batches"],
    ["recovery", 2, "oom"],
  ]);
  expect(new Set(rows.map(({ key }) => key)).size).toBe(5);
  expect(numBelow(flow)).toBe(4);
});
