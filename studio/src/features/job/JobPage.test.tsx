// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { JobPage } from "./JobPage";
import { frame, ScriptedServer } from "@/lib/stream/script";

vi.mock("@/components/chart/Plot", () => ({
  Plot: ({ data, label }: { data: unknown[][]; label: string }) => (
    <div role="img" aria-label={label} data-steps={data[0]?.length} />
  ),
}));

vi.setConfig({ testTimeout: 30_000 });

const STARTED = "2026-11-28T09:00:00Z";
let server: ScriptedServer;
let job: Record<string, unknown>;
let posted: string[];

const ANSWERS: [RegExp, () => unknown][] = [
  [/\/jobs\/7\/metrics/, () => []],
  [/\/jobs\/7\/events/, () => []],
  [/\/jobs\/7\/artifacts/, () => []],
  [/\/jobs\/7\/(cancel|pause)$/, () => job],
  [/\/jobs\/7$/, () => job],
  [/\/projects\/1$/, () => ({ id: 1, name: "demo" })],
  [/\/reasons$/, () => [{ reason: "training_oom", meaning: "It did not fit.", next_step: "Lower batch_size." }]],
];

beforeEach(() => {
  server = new ScriptedServer();
  posted = [];
  job = {
    id: 7,
    project_id: 1,
    kind: "train",
    run_id: "train-7",
    status: "running",
    phase: "training",
    payload: {},
    message: "",
    fraction: 0,
    attempt: 1,
    device: "cpu",
    version: 3,
    created_at: STARTED,
    started_at: STARTED,
    finished_at: null,
    parent_id: null,
    retry_of: null,
    waiting_reason: null,
    question: null,
    gate_id: null,
    error: null,
    reason: null,
    is_cancel_requested: false,
    is_pause_requested: false,
  };
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => setTimeout(callback, 1));
  vi.stubGlobal("cancelAnimationFrame", clearTimeout);
  vi.stubGlobal("fetch", answered);
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const answered: typeof fetch = (asked, init) => {
  const request = asked instanceof Request ? asked : new Request(new URL(String(asked), "http://here/"), init);
  const url = new URL(request.url);
  if (request.headers.get("accept") === "text/event-stream") {
    return server.fetch(request.url, init);
  }
  if (request.method === "POST") {
    posted.push(url.pathname);
  }
  const found = ANSWERS.find(([path]) => path.test(url.pathname));
  const body =
    found === undefined ? { error: { reason: "x", message: `nothing at ${url.pathname}`, findings: [] } } : found[1]();
  return Promise.resolve(Response.json(body, { status: found === undefined ? 404 : 200 }));
};

async function open() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter initialEntries={["/jobs/7"]}>
          <Routes>
            <Route path="/jobs/:jobId" element={<JobPage />} />
          </Routes>
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
  await screen.findByText("Training · train-7");
  await screen.findByText("The curve begins with the first measured loss.");
}

function step(seq: number, data: object = {}): string {
  const figures = { loss: 3 - seq / 10, evalLoss: null, learningRate: 0.001, gradNorm: 1, delta: null };
  const head = { type: "training.log", jobId: 7, seq, timestamp: "2026-11-28T09:00:05Z", step: seq, totalSteps: 50 };
  return frame(`0-${seq}`, "training.log", { ...head, ...figures, ...data });
}

const BASE = frame("0-2", "training.log", {
  jobId: 7,
  seq: 2,
  step: 0,
  timestamp: STARTED,
  loss: null,
  evalLoss: null,
  baselineLoss: 3,
  delta: null,
});
const BEGUN = frame("0-1", "training.started", {
  jobId: 7,
  seq: 1,
  timestamp: "2026-11-28T09:00:01Z",
  attempt: 1,
  device: "cpu",
  totalSteps: 50,
  resumedFromStep: null,
});

/** What is sent shows in a while: look for it with `find…` or `waitFor`. */
function send(...frames: string[]) {
  server.stream.send(frames.join(""));
}

async function findPhase(phase: string) {
  await waitFor(() => expect(screen.getByTestId("phase").textContent).toBe(phase));
}

test("a run is watched live: phase, curve, log, and each frame once", async () => {
  await open();
  await findPhase("Warming up");
  send(BEGUN, BASE, step(3), step(4), step(4), step(3));
  const plot = await screen.findByRole("img", { name: /untuned base/ });
  await waitFor(() => expect(plot.dataset["steps"]).toBe("2"));
  await findPhase("Active watch (4 of 10 steps)");
  const log = screen.getByRole("list", { name: /Events/ });
  expect(within(log).getAllByText(/^step=\d+ loss=/)).toHaveLength(2);
  send(step(11));
  await findPhase("Patrol");
});

test("a cut stream is told, and the next frame takes the banner away", async () => {
  await open();
  send(BEGUN, BASE, step(3));
  await findPhase("Active watch (3 of 10 steps)");
  server.stream.cut();
  expect(await screen.findByText("Event stream interrupted")).toBeTruthy();
  act(() => void window.dispatchEvent(new Event("online")));
  await waitFor(() => expect(server.asked.length).toBeGreaterThan(1));
  expect(server.asked.at(-1)?.lastId).toBe("0-3");
  send(step(4));
  await waitFor(() => expect(screen.queryByText("Event stream interrupted")).toBeNull());
});

test("a failure shows error, reason and next step, and nobody connects again", async () => {
  await open();
  const payload = { error: "CUDA out of memory at step 4", step: 4 };
  const event = {
    reason: "training_oom",
    severity: "error",
    stage: "training",
    runId: "train-7",
    summary: "failed",
    payload,
  };
  job = {
    ...job,
    status: "failed",
    version: 9,
    reason: "training_oom",
    error: payload.error,
    finished_at: "2026-11-28T09:01:00Z",
  };
  send(
    BEGUN,
    frame("5-4", "training.failed", { jobId: 7, seq: 5, timestamp: "2026-11-28T09:01:00Z", ...payload, event }),
    frame(null, "end", { jobId: 7, status: "failed" }),
  );
  const banner = await screen.findByRole("alert");
  expect(within(banner).getByText("CUDA out of memory at step 4")).toBeTruthy();
  expect(await within(banner).findByText(/Lower batch_size/)).toBeTruthy();
  expect(within(banner).getByText("training_oom")).toBeTruthy();
  expect(server.asked).toHaveLength(1);
  expect(screen.getByRole("button", { name: "Retry" })).toBeTruthy();
});

test("what was no number leaves a mark instead of a curve", async () => {
  await open();
  send(BEGUN, BASE, step(3, { loss: null, nonFinite: "nan", nonFiniteFields: { loss: "nan" } }));
  expect(await screen.findByText("No loss was a finite number so far.")).toBeTruthy();
  expect(await screen.findByText("step=3 loss=nan")).toBeTruthy();
});

test("cancelling asks first", async () => {
  await open();
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  const dialog = await screen.findByRole("dialog");
  expect(posted).toEqual([]);
  fireEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(posted).toEqual(["/api/jobs/7/cancel"]));
});
