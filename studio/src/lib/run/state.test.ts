import { describe, expect, test } from "vitest";

import { EMPTY, MOST_POINTS, rowsBetween, withDetail, withRecords } from "./curve";
import { marksOf } from "./marks";
import { type LogRecord, recordOfFrame, recordOfRow } from "./records";
import { type RunFrame, type Snapshot, stateOf, withFrames, withSnapshot } from "./state";
import { statusOf } from "./status";

const NOTHING: Snapshot = { curveJobId: 7, records: [], isThinned: false, recent: [], events: [] };

function step(seq: number, data: object = {}): RunFrame {
  const figures = { loss: 2 - seq / 1000, evalLoss: null, learningRate: 0.001, gradNorm: 1, delta: null };
  return {
    name: "training.log",
    data: { jobId: 7, seq, step: seq, timestamp: stamp(seq), ...figures, ...data },
  };
}

function event(
  seq: number,
  reason: string,
  more: { name?: string; severity?: string; payload?: object } = {},
): RunFrame {
  const { name = "run.event", severity = "info", payload = {} } = more;
  const about = { reason, severity, stage: "training", runId: "train-7", summary: reason, payload };
  return { name, data: { jobId: 7, seq, timestamp: stamp(seq), event: about } };
}

function stamp(second: number): string {
  return new Date(Date.UTC(2026, 10, 28) + second * 1000).toISOString();
}

function log(seq: number, more: Partial<LogRecord> = {}): LogRecord {
  const none = { delta: null, learningRate: null, gradNorm: null, tokensPerSecond: null, memoryBytes: null };
  return { kind: "log", seq, step: seq, at: seq, loss: 1, ...none, nonFinite: {}, ...more };
}

describe("a run", () => {
  test("has nothing twice and loses nothing, however often a part of the stream comes again", () => {
    const begun = withSnapshot(stateOf(7), {
      ...NOTHING,
      records: [log(1), log(2), log(3)],
      recent: [log(2), log(3)],
    });
    const frames = [2, 3, 4, 5, 4, 5, 6].map((seq) => step(seq));
    const run = withFrames(withFrames(begun, frames), [
      ...frames,
      event(1, "training_started"),
      event(1, "training_started"),
    ]);
    expect(run.curve.logs.map((one) => one.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(run.events).toHaveLength(1);
    expect(run.log.map((line) => line.key)).toHaveLength(new Set(run.log.map((line) => line.key)).size);
    expect(run.log.filter((line) => line.name === "training.log")).toHaveLength(5);
  });

  test("of a flow shows the step that trains, once it comes", () => {
    const begun = withSnapshot(stateOf(3), { ...NOTHING, curveJobId: null });
    const run = withFrames(begun, [step(1), step(2)]);
    expect(run.curveJobId).toBe(7);
    expect(run.curve.logs).toHaveLength(2);
    expect(run.stream).toBeNull();
  });

  test("has failed when the stream says so, whatever comes after", () => {
    const payload = { error: "out of memory: lower batch_size", step: 41 };
    const failed = event(9, "training_oom", { name: "training.failed", severity: "error", payload });
    const late: RunFrame = { name: "job.progress", data: { jobId: 7, seq: 99, status: "running", fraction: 0.4 } };
    const run = withFrames(withSnapshot(stateOf(7), NOTHING), [step(41), failed, late, step(42)]);
    expect(statusOf(run.stream, { status: "running", version: 100 })).toBe("failed");
    expect(run.failure).toEqual({ error: "out of memory: lower batch_size", reason: "training_oom", step: 41 });
    expect(run.log.find((line) => line.name === "training.failed")?.message).toBe("out of memory: lower batch_size");
  });

  test("tells its duration by the stream's own time", () => {
    const started: RunFrame = {
      name: "training.started",
      data: { jobId: 7, seq: 1, timestamp: stamp(10), attempt: 1, device: "cpu", totalSteps: 9 },
    };
    const ended = event(3, "training", { name: "training.completed" });
    const run = withFrames(withSnapshot(stateOf(7), NOTHING), [started, step(2), ended]);
    expect(run.startedAt).toBe(Date.parse(stamp(10)));
    expect(run.endedAt).toBe(Date.parse(stamp(3)));
  });
});

describe("status", () => {
  const at = (status: "queued" | "running" | "completed" | "failed" | "cancelled", version = 1) => ({
    status,
    version,
  });
  test.each([
    [at("completed"), at("failed"), "completed"],
    [at("running", 9), at("cancelled"), "cancelled"],
    [at("running", 9), at("queued", 3), "running"],
    [at("running", 3), at("queued", 9), "queued"],
    [null, at("running"), "running"],
    [at("running"), null, "running"],
    [null, null, "queued"],
  ])("of %o on the stream and %o polled is %s", (stream, polled, expected) => {
    expect(statusOf(stream, polled)).toBe(expected);
  });
});

describe("a curve", () => {
  test("stays bounded, and keeps a spike of one step and a step that was no number", () => {
    let curve = EMPTY;
    const num = 3 * MOST_POINTS;
    for (let begin = 1; begin <= num; begin += 1000) {
      const some = Array.from({ length: 1000 }, (_, index) => {
        const seq = begin + index;
        const isNone = seq === 30_001;
        return log(seq, {
          loss: isNone ? null : seq === 12_345 ? 99 : 1 + (seq % 7) / 100,
          nonFinite: isNone ? { loss: "nan" } : {},
        });
      });
      curve = withRecords(curve, some);
    }
    expect(curve.logs.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(curve.isThinned).toBe(true);
    expect(curve.logs.some((one) => one.loss === 99)).toBe(true);
    expect(marksOf(curve, []).map((mark) => [mark.kind, mark.step])).toEqual([["nonFinite", 30_001]]);
    expect([curve.logs[0]?.seq, curve.logs.at(-1)?.seq]).toEqual([1, num]);
  });

  test("shows what a closer look brought in its place", () => {
    const overview = [log(1), log(100), log(200), log(300)];
    expect(rowsBetween(overview, 120, 180)).toEqual({ after: 99, until: 200 });
    expect(rowsBetween(overview, 90, 210)).toEqual({ after: 0, until: 300 });
    expect(rowsBetween(overview, 400, 500)).toBeNull();
    const detail = [log(100), log(150), log(200)];
    expect(withDetail(overview, detail).map((one) => one.seq)).toEqual([1, 100, 150, 200, 300]);
  });

  test("reads a row of the journal and a frame of the stream alike", () => {
    const row = {
      step: 5,
      time: 1.5,
      loss: 4.9,
      learning_rate: 0.1,
      grad_norm: 0.8,
      delta: null,
      tokens_per_second: 10,
    };
    const data = { seq: 8, step: 5, timestamp: "1970-01-01T00:00:01.5Z", loss: 4.9, learningRate: 0.1, gradNorm: 0.8 };
    const frame = recordOfFrame("training.log", { ...data, delta: null, tokensPerSecond: 10 });
    expect(recordOfRow(8, "log", row)).toEqual(frame);
    const evaluated = { step: 5, time: 1.5, eval_loss: 4, delta: -1, delta_low: -2, delta_high: -0.5 };
    const sent = { seq: 9, step: 5, timestamp: "1970-01-01T00:00:01.5Z", loss: null, evalLoss: 4, delta: -1 };
    expect(recordOfRow(9, "eval", evaluated)).toEqual(
      recordOfFrame("training.log", { ...sent, deltaLow: -2, deltaHigh: -0.5 }),
    );
    const base = { seq: 3, step: 0, timestamp: "1970-01-01T00:00:01.5Z", loss: null, evalLoss: null, baselineLoss: 5 };
    expect(recordOfRow(3, "baseline", { eval_loss: 5, time: 1.5 })).toEqual(recordOfFrame("training.log", base));
  });
});
