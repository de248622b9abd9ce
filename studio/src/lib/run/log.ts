/** The event log of a job: RunEvents and progress rows, each one line. */
import type { RunRecord } from "./records";
import { type JsonObject, numberIn, objectIn, textIn } from "@/lib/json";

export type Severity = "info" | "warning" | "error" | "critical";

export type LogEntry = {
  /** One for each event, however often it comes. */
  key: string;
  name: string;
  at: number;
  message: string;
  severity: Severity;
};

/** A RunEvent, as lists and as frames of the stream hold it. */
export type LoggedEvent = {
  seq: number;
  at: number;
  runId: string;
  reason: string;
  stage: string;
  severity: Severity;
  summary: string;
  payload: JsonObject;
};

/** Read the RunEvent of a frame; null where the frame carries none. */
export function eventOfFrame(data: JsonObject): LoggedEvent | null {
  const event = objectIn(data, "event");
  const seq = numberIn(data, "seq");
  const reason = textIn(event, "reason");
  if (seq === null || reason === null) {
    return null;
  }
  return {
    seq,
    at: Date.parse(textIn(data, "timestamp") ?? ""),
    runId: textIn(event, "runId") ?? "",
    reason,
    stage: textIn(event, "stage") ?? "",
    severity: severityIn(textIn(event, "severity")),
    summary: textIn(event, "summary") ?? "",
    payload: objectIn(event, "payload"),
  };
}

/** The line of a RunEvent, under the name that it has in the stream. */
export function entryOfEvent(event: LoggedEvent): LogEntry {
  const { seq, at, severity } = event;
  const name = nameOf(event);
  return { key: `event-${seq}`, name, at, message: messageOf(name, event), severity };
}

/** The line of a progress row. */
export function entryOfRecord(jobId: number, record: RunRecord): LogEntry {
  return {
    key: `row-${jobId}-${record.seq}`,
    name: NAMES[record.kind],
    at: record.at,
    message: recordMessage(record),
    severity: "nonFinite" in record && Object.keys(record.nonFinite).length > 0 ? "error" : "info",
  };
}

/** Put entries in the order of time, each once. */
export function merged(older: readonly LogEntry[], newer: readonly LogEntry[]): LogEntry[] {
  const all = new Map<string, LogEntry>();
  for (const entry of [...older, ...newer]) {
    all.set(entry.key, entry);
  }
  return [...all.values()].sort((one, other) => one.at - other.at);
}

const NAMES: Readonly<Record<RunRecord["kind"], string>> = {
  log: "training.log",
  eval: "training.log",
  baseline: "training.log",
  checkpoint: "checkpoint.saved",
  started: "training.started",
  notice: "run.notice",
};

function nameOf(event: LoggedEvent): string {
  if (event.stage === "monitoring") {
    return "health";
  }
  if (!event.runId.startsWith("train-")) {
    return "run.event";
  }
  switch (event.reason) {
    case "training":
      return "training.completed";
    case "training_recovered":
      return "training.recovered";
    case "training_cancelled":
      return "training.cancelled";
    default:
      return "error" in event.payload ? "training.failed" : "run.event";
  }
}

function messageOf(name: string, event: LoggedEvent): string {
  if (name === "training.failed") {
    return textIn(event.payload, "error") ?? event.summary;
  }
  return name === "training.completed" && "adapter_id" in event.payload
    ? `1 artifact · ${event.summary}`
    : event.summary;
}

function recordMessage(record: RunRecord): string {
  switch (record.kind) {
    case "log":
      return [`step=${record.step}`, ...figure("loss", record.loss), ...wrong(record.nonFinite)].join(" ");
    case "eval":
      return [`step=${record.step}`, ...figure("evalLoss", record.loss), ...wrong(record.nonFinite)].join(" ");
    case "baseline":
      return ["step=0", ...figure("baselineLoss", record.loss)].join(" ");
    case "checkpoint":
      return `step=${record.step}${record.isBest ? " best so far" : ""}`;
    case "started": {
      const resumed = record.resumedFromStep === null ? "" : `, from step ${record.resumedFromStep} on`;
      return `attempt ${record.attempt} on ${record.device}${resumed}`;
    }
    case "notice":
      return record.message;
  }
}

function figure(name: string, value: number | null): string[] {
  return value === null ? [] : [`${name}=${Number(value.toPrecision(6))}`];
}

function wrong(nonFinite: Readonly<Record<string, string>>): string[] {
  return Object.entries(nonFinite).map(([name, what]) => `${name}=${what}`);
}

function severityIn(text: string | null): Severity {
  const known: readonly Severity[] = ["info", "warning", "error", "critical"];
  return known.find((severity) => severity === text) ?? "info";
}
