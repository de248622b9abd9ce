/** How a job stands, from what the stream and the last poll said of it. */

export type JobStatus = "queued" | "running" | "completed" | "failed" | "cancelled";

/** What the stream said last; `version` is that of the job's row which it knew of, as far as it said. */
export type StreamStatus = { status: JobStatus; version: number };

export type PolledStatus = { status: JobStatus; version: number };

export function isFinal(status: JobStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/**
 * Terminal on the stream > terminal polled > running on the stream > polled > queued.
 *
 * A poll of a later version than the stream told of is news, such as that the job was set aside.
 */
export function statusOf(stream: StreamStatus | null, polled: PolledStatus | null): JobStatus {
  if (stream !== null && isFinal(stream.status)) {
    return stream.status;
  }
  if (polled !== null && isFinal(polled.status)) {
    return polled.status;
  }
  if (stream !== null && (polled === null || polled.version <= stream.version)) {
    return stream.status;
  }
  return polled?.status ?? "queued";
}

/** Read a status that came as text. */
export function statusIn(text: string | null): JobStatus | null {
  const known: readonly JobStatus[] = ["queued", "running", "completed", "failed", "cancelled"];
  return known.find((status) => status === text) ?? null;
}

export type PhaseFacts = {
  status: JobStatus;
  /** As the server spells it: `starting`, `training`, `recovering`, a step's name, … */
  phase: string;
  waitingReason: string | null;
  device: string | null;
  isTraining: boolean;
  step: number | null;
  totalSteps: number | null;
  /** How many of the first steps are watched; null where that is not known. */
  watchSteps: number | null;
  ageSeconds: number;
};

const FRESH_SECONDS = 90;

const PHASES: Readonly<Record<string, string>> = {
  queued: "Queued",
  waiting: "Waiting",
  paused: "Paused",
  starting: "Starting",
  recovering: "Recovering",
  waiting_disk: "Waiting for disk space",
  waiting_device: "Waiting for another device",
  pausing: "Pausing after a checkpoint",
  cancelling: "Cancelling",
  evaluating: "Evaluating",
  evaluate: "Evaluating",
  ingest: "Reading the source",
  introspect: "Looking at the data",
  map_dry_run: "Trying the mapping",
  map_commit: "Committing the mapping",
  clean: "Cleaning",
  prepare: "Preparing",
  preflight: "Preflight",
  train: "Training",
  export: "Exporting",
  deploy: "Deploying",
};

/** Say where in its life a job is, in words. */
export function phaseOf(facts: PhaseFacts): string {
  if (isFinal(facts.status)) {
    return { completed: "Completed", failed: "Failed", cancelled: "Cancelled", queued: "", running: "" }[facts.status];
  }
  if (isWarmingUp(facts)) {
    return facts.device?.startsWith("gpu") || facts.device?.startsWith("cuda") ? "Warming up GPU" : "Warming up";
  }
  if (facts.isTraining && (facts.phase === "training" || facts.phase === "train" || facts.phase === "running")) {
    return watchPhase(facts.step ?? 0, facts.watchSteps);
  }
  return PHASES[facts.phase] ?? sentence(facts.phase);
}

/** Queued for a short while, or running before the first step, with nothing in its way. */
export function isWarmingUp(facts: PhaseFacts): boolean {
  if (facts.status === "queued") {
    return facts.phase === "queued" && facts.waitingReason === null && facts.ageSeconds < FRESH_SECONDS;
  }
  const isBeginning = ["running", "training", "starting", "train"].includes(facts.phase);
  return facts.status === "running" && facts.isTraining && isBeginning && (facts.step ?? 0) < 1;
}

function watchPhase(step: number, watchSteps: number | null): string {
  if (watchSteps === null) {
    return "Training";
  }
  return step <= watchSteps ? `Active watch (${step} of ${watchSteps} steps)` : "Patrol";
}

function sentence(words: string): string {
  const spelled = words.replaceAll("_", " ");
  return spelled.charAt(0).toUpperCase() + spelled.slice(1);
}
