/** Everything that a page shows of a job that it follows, and how each frame of the stream changes it. */
import { type Curve, EMPTY, withRecords } from "./curve";
import { entryOfEvent, entryOfRecord, eventOfFrame, type LogEntry, type LoggedEvent, merged } from "./log";
import { recordOfFrame, type RunRecord } from "./records";
import { isFinal, type JobStatus, statusIn, type StreamStatus } from "./status";
import { type JsonObject, numberIn, textIn } from "@/lib/json";

/** So many lines of the log are kept while the stream adds to them; a reader may load earlier ones. */
export const LOG_LINES = 500;
const MOST_EVENTS = 5_000;

export type Progress = { fraction: number; message: string; phase: string | null; attempt: number | null };
export type Failure = { error: string; reason: string; step: number | null };

export type RunState = {
  jobId: number;
  /** The training whose curve is shown: the job itself, or the step of a flow that trains; null where none is known. */
  curveJobId: number | null;
  isLoaded: boolean;
  stream: StreamStatus | null;
  progress: Progress | null;
  curve: Curve;
  /** RunEvents, the oldest first. */
  events: readonly LoggedEvent[];
  lastEvent: number;
  log: readonly LogEntry[];
  /** The oldest row of the journal in the log. */
  firstRow: number;
  failure: Failure | null;
  /** When the first attempt began, by the stream's own time. */
  startedAt: number | null;
  endedAt: number | null;
};

/** A frame of the stream, read. */
export type RunFrame = { name: string; data: JsonObject };

/** What was read besides the stream: everything up to some moment after the stream began. */
export type Snapshot = {
  curveJobId: number | null;
  /** Spans thinned out for drawing, and everything else, in the order of the journal. */
  records: readonly RunRecord[];
  isThinned: boolean;
  /** The newest rows as they are. */
  recent: readonly RunRecord[];
  events: readonly LoggedEvent[];
};

export function stateOf(jobId: number): RunState {
  return {
    jobId,
    curveJobId: null,
    isLoaded: false,
    stream: null,
    progress: null,
    curve: EMPTY,
    events: [],
    lastEvent: 0,
    log: [],
    firstRow: 0,
    failure: null,
    startedAt: null,
    endedAt: null,
  };
}

/** Begin with a snapshot; what the stream brought meanwhile is applied after it. */
export function withSnapshot(state: RunState, snapshot: Snapshot): RunState {
  const { curveJobId } = snapshot;
  const begun = withEvents(
    { ...stateOf(state.jobId), stream: state.stream, progress: state.progress },
    snapshot.events,
  );
  const rows = curveJobId === null ? [] : snapshot.recent.map((record) => entryOfRecord(curveJobId, record));
  const curve = withRecords({ ...EMPTY, isThinned: snapshot.isThinned }, snapshot.records);
  const first = curve.starts[0];
  return {
    ...begun,
    curveJobId,
    isLoaded: true,
    curve: withRecords(curve, snapshot.recent),
    log: merged(begun.log, rows).slice(-LOG_LINES),
    firstRow: snapshot.recent[0]?.seq ?? 0,
    startedAt: first?.at ?? null,
  };
}

/** Take in frames, in their order. What is known already changes nothing. */
export function withFrames(state: RunState, frames: readonly RunFrame[]): RunState {
  let next = state;
  const records: RunRecord[] = [];
  for (const frame of frames) {
    const jobId = numberIn(frame.data, "jobId");
    const record = recordOfFrame(frame.name, frame.data);
    if (record !== null && jobId !== null) {
      next = next.curveJobId === null && record.kind !== "notice" ? { ...next, curveJobId: jobId } : next;
      if (jobId === next.curveJobId) {
        records.push(record);
      }
      continue;
    }
    next = withOther(next, frame, jobId);
  }
  return withRows(next, records);
}

function withRows(state: RunState, records: readonly RunRecord[]): RunState {
  const { curveJobId } = state;
  const fresh = records.filter((record) => record.seq > (state.curve.lastSeqs[record.kind] ?? 0));
  if (curveJobId === null || fresh.length === 0) {
    return state;
  }
  const curve = withRecords(state.curve, fresh);
  const entries = fresh.map((record) => entryOfRecord(curveJobId, record));
  const stream = state.jobId === curveJobId ? running(state.stream) : state.stream;
  const log = merged(state.log, entries).slice(-Math.max(LOG_LINES, state.log.length));
  return { ...state, curve, log, stream, startedAt: state.startedAt ?? curve.starts[0]?.at ?? null };
}

function withOther(state: RunState, frame: RunFrame, jobId: number | null): RunState {
  const isOwn = jobId === state.jobId;
  switch (frame.name) {
    case "job.progress":
      return isOwn || jobId === state.curveJobId ? withProgress(state, frame.data, isOwn) : state;
    case "end":
      return isOwn ? withStatus(state, statusIn(textIn(frame.data, "status"))) : state;
    default: {
      const event = eventOfFrame(frame.data);
      return event === null ? state : withEvents(state, [event], isOwn ? frame.name : "");
    }
  }
}

function withProgress(state: RunState, data: JsonObject, isOwn: boolean): RunState {
  const status = statusIn(textIn(data, "status"));
  const stream = isOwn && status !== null ? { status, version: numberIn(data, "seq") ?? 0 } : state.stream;
  const isOver = state.stream !== null && isFinal(state.stream.status);
  return {
    ...state,
    stream: isOver ? state.stream : stream,
    progress: {
      fraction: numberIn(data, "fraction") ?? 0,
      message: textIn(data, "message") ?? "",
      phase: isOwn ? textIn(data, "phase") : (state.progress?.phase ?? null),
      attempt: numberIn(data, "attempt"),
    },
  };
}

const ENDINGS: Readonly<Record<string, JobStatus>> = {
  "training.completed": "completed",
  "training.failed": "failed",
  "training.cancelled": "cancelled",
};

/** Take in RunEvents; `name` is that of the frame where the job itself is meant. */
function withEvents(state: RunState, events: readonly LoggedEvent[], name = ""): RunState {
  const fresh = events.filter((event) => event.seq > state.lastEvent);
  const last = fresh.at(-1);
  if (last === undefined) {
    return state;
  }
  const next = withStatus(state, ENDINGS[name] ?? null, last.at);
  const failed = fresh.filter((event) => textIn(event.payload, "error") !== null && isGrave(event)).at(-1);
  return {
    ...next,
    events: [...state.events, ...fresh].slice(-MOST_EVENTS),
    lastEvent: last.seq,
    log: merged(state.log, fresh.map(entryOfEvent)).slice(-Math.max(LOG_LINES, state.log.length)),
    failure: failed === undefined ? state.failure : failureOf(failed),
  };
}

function isGrave(event: LoggedEvent): boolean {
  return event.severity === "error" || event.severity === "critical";
}

function failureOf(event: LoggedEvent): Failure {
  const { payload, reason } = event;
  return { error: textIn(payload, "error") ?? event.summary, reason, step: numberIn(payload, "step") };
}

function withStatus(state: RunState, status: JobStatus | null, at: number | null = null): RunState {
  if (status === null) {
    return state;
  }
  return { ...state, stream: { status, version: state.stream?.version ?? 0 }, endedAt: at ?? state.endedAt };
}

/** A record of a step says that it runs, unless it is known to have ended. */
function running(stream: StreamStatus | null): StreamStatus {
  return stream === null || !isFinal(stream.status) ? { status: "running", version: stream?.version ?? 0 } : stream;
}
