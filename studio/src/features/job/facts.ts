import type { Job } from "@/api";
import type { RunState } from "@/lib/run/state";
import { type JobStatus, type PhaseFacts, statusOf } from "@/lib/run/status";

const WATCH_STEPS = 1_000;
const WATCH_SHARE = 0.2;

/** Kinds of work, as people call them. */
const KINDS: Readonly<Record<Job["kind"], string>> = {
  ingest: "Ingest",
  introspect: "Introspect",
  map_dry_run: "Map: dry run",
  map_commit: "Map: commit",
  clean: "Clean",
  prepare: "Prepare",
  preflight: "Preflight",
  train: "Training",
  evaluate: "Evaluation",
  export: "Export",
  deploy: "Deployment",
  import: "Import",
  autopilot: "Autopilot",
  evaluation: "Evaluation",
  optimize: "Optimization",
  golden: "Golden set",
  benchmark: "Benchmark",
  forecast: "Forecast",
  review: "Review list",
  probe: "Base model",
};

export type JobFacts = {
  status: JobStatus;
  /** What the phase follows from, but for the time, which goes on by itself. */
  phase: Omit<PhaseFacts, "ageSeconds">;
  title: string;
  step: number | null;
  totalSteps: number | null;
};

/** How a job stands, from what the stream and the last poll say. */
export function factsOf(job: Job, run: RunState): JobFacts {
  const status = statusOf(run.stream, job);
  const last = run.curve.logs.at(-1);
  const start = run.curve.starts.at(-1);
  const totalSteps = start?.totalSteps ?? null;
  const step = last?.step ?? null;
  const isNewer = run.stream !== null && run.stream.version >= job.version;
  const phase = {
    status,
    phase: (isNewer ? run.progress?.phase : null) ?? job.phase,
    waitingReason: job.waiting_reason,
    device: job.device,
    isTraining: job.kind === "train",
    step,
    totalSteps,
    watchSteps: watchSteps(run, totalSteps),
  };
  return { status, phase, title: `${KINDS[job.kind]} · ${job.run_id}`, step, totalSteps };
}

/** How many of the first steps are watched: as the event of its end says, and before that by the default thresholds. */
function watchSteps(run: RunState, totalSteps: number | null): number | null {
  const passed = run.events.find((event) => event.reason === "monitoring_watch_passed");
  const told = passed?.payload["num_steps"];
  if (typeof told === "number") {
    return told;
  }
  return totalSteps === null ? null : Math.max(1, Math.min(WATCH_STEPS, Math.floor(WATCH_SHARE * totalSteps)));
}
