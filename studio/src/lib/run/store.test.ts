import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { LogRecord } from "./records";
import type { Snapshot } from "./state";
import { RunStore } from "./store";
import { frame, ScriptedServer } from "@/lib/stream/script";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

function log(seq: number): LogRecord {
  const none = { delta: null, learningRate: 1, gradNorm: null, tokensPerSecond: null, memoryBytes: null };
  return { kind: "log", seq, step: seq, at: seq, loss: 1, ...none, nonFinite: {} };
}

function step(seq: number): string {
  return frame(`0-${seq}`, "training.log", {
    jobId: 7,
    seq,
    step: seq,
    timestamp: "2026-11-28T00:00:00Z",
    learningRate: 1,
    loss: 1,
  });
}

function snapshotTo(seq: number): Snapshot {
  const records = Array.from({ length: seq }, (_, index) => log(index + 1));
  return { curveJobId: 7, records, isThinned: false, recent: records.slice(-5), events: [] };
}

function watch(server: ScriptedServer, load: () => Promise<Snapshot>) {
  const schedule = (callback: () => void) => {
    const timer = setTimeout(callback, 16);
    return () => {
      clearTimeout(timer);
    };
  };
  const store = new RunStore(7, { url: "/events", load, schedule, surroundings: server });
  let numChanges = 0;
  const stop = store.subscribe(() => {
    numChanges += 1;
  });
  return { store, stop, steps: () => store.get().run.curve.logs.map((one) => one.step), numChanges: () => numChanges };
}

test("what the stream brings while history is read is neither lost nor twice", async () => {
  const server = new ScriptedServer();
  let finish: (snapshot: Snapshot) => void = () => undefined;
  const seen = watch(server, () => new Promise((resolve) => (finish = resolve)));
  await settle();
  server.stream.send(step(4) + step(5) + step(6));
  await settle(1_000);
  expect(seen.store.get().run.isLoaded).toBe(false);
  finish(snapshotTo(5));
  await settle(20);
  expect(seen.steps()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a cut stream: the curve is whole, and the banner goes with the next frame", async () => {
  const server = new ScriptedServer();
  let last = 2;
  const seen = watch(server, () => Promise.resolve(snapshotTo(last)));
  await settle();
  server.stream.send(step(3));
  await settle(20);
  server.stream.cut();
  await settle();
  expect(seen.store.get().link).toBe("interrupted");
  last = 6;
  await settle(2_000);
  server.stream.send(step(4) + step(5) + step(6) + step(7));
  await settle(20);
  expect(seen.store.get().link).toBe("live");
  expect(seen.steps()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("while no stream can be had, the page asks every five seconds", async () => {
  const server = new ScriptedServer();
  let last = 2;
  const seen = watch(server, () => Promise.resolve(snapshotTo(last)));
  await settle();
  server.answers = Array.from({ length: 50 }, () => 503);
  server.stream.cut();
  last = 9;
  await settle(5_100);
  expect(seen.store.get().link).toBe("interrupted");
  expect(seen.steps()).toHaveLength(9);
});

test("history that could not be read is asked for again", async () => {
  const server = new ScriptedServer();
  const load = vi.fn(() => Promise.resolve(snapshotTo(3))).mockRejectedValueOnce(new Error("busy"));
  const seen = watch(server, load);
  await settle(3_000);
  expect(load).toHaveBeenCalledTimes(2);
  expect(seen.steps()).toEqual([1, 2, 3]);
});

test("many frames are one change, and nobody who left is told", async () => {
  const server = new ScriptedServer();
  const seen = watch(server, () => Promise.resolve(snapshotTo(1)));
  await settle();
  server.stream.send(step(2));
  await settle(20);
  const before = seen.numChanges();
  for (let seq = 3; seq < 500; seq += 1) {
    server.stream.send(step(seq));
  }
  await settle(20);
  expect(seen.numChanges() - before).toBeLessThan(5);
  expect(seen.steps()).toHaveLength(499);
  seen.stop();
  await settle(600_000);
  expect(vi.getTimerCount()).toBe(0);
});
