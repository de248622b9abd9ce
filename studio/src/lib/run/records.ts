/** The records of a training: as frames of the live stream bring them, and as the journal's rows hold them. */
import { type JsonObject, numberIn, objectIn, textIn } from "@/lib/json";

/** What was not a number: the name of the series, and `nan`, `inf` or `-inf`. */
export type NonFinite = Readonly<Record<string, string>>;

/** One logged span of steps. What was not measured is null. */
export type LogRecord = {
  kind: "log";
  seq: number;
  step: number;
  at: number;
  loss: number | null;
  delta: number | null;
  learningRate: number | null;
  gradNorm: number | null;
  tokensPerSecond: number | null;
  memoryBytes: number | null;
  nonFinite: NonFinite;
};

/** An evaluation of the eval split, with the 95 % interval of its delta. */
export type EvalRecord = {
  kind: "eval";
  seq: number;
  step: number;
  at: number;
  loss: number | null;
  delta: number | null;
  low: number | null;
  high: number | null;
  nonFinite: NonFinite;
};

export type BaselineRecord = { kind: "baseline"; seq: number; step: number; at: number; loss: number | null };

export type CheckpointRecord = {
  kind: "checkpoint";
  seq: number;
  step: number;
  at: number;
  folder: string;
  loss: number | null;
  isBest: boolean;
};

export type StartedRecord = {
  kind: "started";
  seq: number;
  at: number;
  attempt: number;
  device: string;
  totalSteps: number | null;
  resumedFromStep: number | null;
};

export type NoticeRecord = { kind: "notice"; seq: number; at: number; message: string };

export type RunRecord = LogRecord | EvalRecord | BaselineRecord | CheckpointRecord | StartedRecord | NoticeRecord;

/** Read a frame that carries a progress row; null where it carries something else. */
export function recordOfFrame(name: string, data: JsonObject): RunRecord | null {
  const seq = numberIn(data, "seq");
  const at = Date.parse(textIn(data, "timestamp") ?? "");
  if (seq === null) {
    return null;
  }
  switch (name) {
    case "training.log":
      return logFrame(seq, at, data);
    case "training.started":
      return { kind: "started", seq, at, ...attemptOf(data, "totalSteps", "resumedFromStep") };
    case "checkpoint.saved": {
      const [folder] = Array.isArray(data["artifacts"]) ? data["artifacts"] : [];
      return {
        kind: "checkpoint",
        seq,
        at,
        step: numberIn(data, "step") ?? 0,
        folder: typeof folder === "string" ? folder : "",
        loss: numberIn(data, "evalLoss"),
        isBest: data["isBest"] === true,
      };
    }
    case "run.notice":
      return { kind: "notice", seq, at, message: textIn(data, "message") ?? "" };
    default:
      return null;
  }
}

/** Read a row of the journal; null where its kind draws nothing. */
export function recordOfRow(seq: number, kind: string, body: JsonObject): RunRecord | null {
  const step = numberIn(body, "step") ?? 0;
  const at = (numberIn(body, "time") ?? Number.NaN) * 1000;
  const nonFinite = marksIn(body, "non_finite");
  switch (kind) {
    case "log":
      return {
        kind,
        seq,
        step,
        at,
        loss: numberIn(body, "loss"),
        delta: numberIn(body, "delta"),
        learningRate: numberIn(body, "learning_rate"),
        gradNorm: numberIn(body, "grad_norm"),
        tokensPerSecond: numberIn(body, "tokens_per_second"),
        memoryBytes: numberIn(body, "memory_bytes"),
        nonFinite,
      };
    case "eval": {
      const interval = { low: numberIn(body, "delta_low"), high: numberIn(body, "delta_high") };
      return {
        kind,
        seq,
        step,
        at,
        loss: numberIn(body, "eval_loss"),
        delta: numberIn(body, "delta"),
        ...interval,
        nonFinite,
      };
    }
    case "baseline":
      return { kind, seq, step: 0, at, loss: numberIn(body, "eval_loss") };
    case "checkpoint": {
      const folder = textIn(body, "folder") ?? "";
      return { kind, seq, step, at, folder, loss: numberIn(body, "eval_loss"), isBest: body["is_best"] === true };
    }
    case "started":
      return { kind, seq, at, ...attemptOf(body, "total_steps", "resumed_from_step") };
    case "notice":
      return { kind, seq, at, message: textIn(body, "message") ?? "" };
    default:
      return null;
  }
}

/** A `training.log` frame is a span of steps, an evaluation, or, at step 0 without either, the untuned base. */
function logFrame(seq: number, at: number, data: JsonObject): RunRecord {
  const step = numberIn(data, "step") ?? 0;
  const nonFinite = marksIn(data, "nonFiniteFields");
  if ("learningRate" in data) {
    return {
      kind: "log",
      seq,
      step,
      at,
      loss: numberIn(data, "loss"),
      delta: numberIn(data, "delta"),
      learningRate: numberIn(data, "learningRate"),
      gradNorm: numberIn(data, "gradNorm"),
      tokensPerSecond: numberIn(data, "tokensPerSecond"),
      memoryBytes: numberIn(data, "memoryBytes"),
      nonFinite,
    };
  }
  if ("deltaLow" in data) {
    const interval = { low: numberIn(data, "deltaLow"), high: numberIn(data, "deltaHigh") };
    const loss = numberIn(data, "evalLoss");
    return { kind: "eval", seq, step, at, loss, delta: numberIn(data, "delta"), ...interval, nonFinite };
  }
  return { kind: "baseline", seq, step: 0, at, loss: numberIn(data, "baselineLoss") };
}

function attemptOf(data: JsonObject, total: string, resumed: string) {
  return {
    attempt: numberIn(data, "attempt") ?? 1,
    device: textIn(data, "device") ?? "",
    totalSteps: numberIn(data, total),
    resumedFromStep: numberIn(data, resumed),
  };
}

function marksIn(data: JsonObject, key: string): NonFinite {
  const entries = Object.entries(objectIn(data, key));
  return Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
