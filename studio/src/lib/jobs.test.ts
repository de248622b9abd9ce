import { expect, test } from "vitest";

import { jobName, progressText, statusLabel } from "./jobs";
import type { Job, Outlook } from "@/api";

const NOW = Date.parse("2026-11-28T12:02:00Z");

const JOB: Job = {
  id: 7,
  project_id: 1,
  kind: "autopilot",
  run_id: "autopilot-7",
  parent_id: null,
  idempotency_key: null,
  status: "queued",
  phase: "queued",
  payload: {},
  priority: 0,
  retry_of: null,
  device: null,
  fraction: 0,
  message: "",
  attempt: 0,
  lease_owner: null,
  lease_expires_at: null,
  is_cancel_requested: false,
  is_pause_requested: false,
  waiting_reason: null,
  question: null,
  gate_id: null,
  artifact_id: null,
  reason: null,
  error: null,
  created_at: "2026-11-28T12:01:00Z",
  started_at: null,
  finished_at: null,
  version: 0,
};
const OUTLOOK: Outlook = { job_id: 7, verdict: "ok", step: 12, total_steps: 40, seconds_left: 185 };

test("a job that was queued within 90 seconds is warming up", () => {
  expect(statusLabel(JOB, undefined, NOW)).toBe("Warming up");
  expect(statusLabel({ ...JOB, created_at: "2026-11-28T12:00:29Z" }, undefined, NOW)).toBe("Queued");
});

test("a training is warming up until its first step", () => {
  const training: Job = { ...JOB, status: "running", phase: "training" };
  expect(statusLabel(training, undefined, NOW)).toBe("Warming up");
  expect(statusLabel(training, OUTLOOK, NOW)).toBe("Running");
});

test.each([
  [{ phase: "paused" }, "Paused"],
  [{ phase: "waiting", waiting_reason: "waiting for job 3 on the device" }, "Waiting"],
  [{ status: "running", phase: "prepare" }, "Running"],
  [{ status: "running", phase: "prepare", is_cancel_requested: true }, "Cancelling"],
  [{ status: "failed", is_cancel_requested: true }, "Failed"],
] as const)("spells %o as %s", (change, label) => {
  expect(statusLabel({ ...JOB, ...change }, OUTLOOK, NOW)).toBe(label);
});

test("says the time left only of what runs, and only where it is known", () => {
  const running: Job = { ...JOB, status: "running", fraction: 0.4299 };
  expect(progressText(running, OUTLOOK)).toBe("42 % · 3 min 05 s left");
  expect(progressText(running, { ...OUTLOOK, seconds_left: null })).toBe("42 %");
  expect(progressText({ ...running, status: "failed" }, OUTLOOK)).toBe("42 %");
});

test("names a job by what it does and its project", () => {
  expect(jobName(JOB, new Map([[1, "demo"]]))).toBe("Autopilot training · demo");
  expect(jobName(JOB, new Map())).toBe("Autopilot training · project 1");
});
