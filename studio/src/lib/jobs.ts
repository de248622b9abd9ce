/** How rows of jobs are named and counted. */
import { isWarmingUp } from "./run/status";
import { formatDuration, secondsBetween } from "./time";
import { capital } from "./words";
import type { Job, Outlook } from "@/api";

const KINDS: Record<Job["kind"], string> = {
  ingest: "Ingest",
  introspect: "Introspect",
  map_dry_run: "Mapping, tried",
  map_commit: "Mapping, committed",
  clean: "Clean",
  prepare: "Prepare",
  preflight: "Preflight",
  train: "Train",
  evaluate: "Evaluate",
  export: "Export",
  deploy: "Deploy",
  import: "Import",
  autopilot: "Autopilot training",
  evaluation: "Evaluation",
  optimize: "Optimize",
  golden: "Golden set",
  benchmark: "Benchmark",
  forecast: "Forecast",
  review: "Review list",
  probe: "Base model",
};

/** What a job does, and of which project. */
export function jobName(job: Job, projects: ReadonlyMap<number, string>): string {
  return `${KINDS[job.kind]} · ${projects.get(job.project_id) ?? `project ${job.project_id}`}`;
}

/** The status, said more exactly where it is known: `Warming up`, `Paused`, `Waiting`. */
export function statusLabel(job: Job, outlook: Outlook | undefined, nowMs: number): string {
  const isBeginning = isWarmingUp({
    status: job.status,
    phase: job.phase,
    waitingReason: job.waiting_reason,
    device: job.device,
    isTraining: job.kind === "train" || job.kind === "autopilot",
    step: outlook?.step ?? null,
    totalSteps: outlook?.total_steps ?? null,
    watchSteps: null,
    ageSeconds: secondsBetween(job.created_at, nowMs),
  });
  if (isBeginning) {
    return "Warming up";
  }
  if (job.status === "queued" && (job.phase === "paused" || job.phase === "waiting")) {
    return job.phase === "paused" ? "Paused" : "Waiting";
  }
  return capital(job.is_cancel_requested && job.status === "running" ? "cancelling" : job.status);
}

/** `42 % · 3 min 05 s left`; the time only where the server can tell it. */
export function progressText(job: Job, outlook: Outlook | undefined): string {
  const percent = `${Math.floor(job.fraction * 100)} %`;
  const left = job.status === "running" ? (outlook?.seconds_left ?? null) : null;
  return left === null ? percent : `${percent} · ${formatDuration(left)} left`;
}

/** Whether nothing follows. */
export function isOver(job: Job): boolean {
  return job.status === "completed" || job.status === "failed" || job.status === "cancelled";
}
