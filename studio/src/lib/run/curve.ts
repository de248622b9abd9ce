/** What is drawn of a training: bounded, whatever its length, and each record once. */
import type { CheckpointRecord, EvalRecord, LogRecord, RunRecord, StartedRecord } from "./records";
import { thinned } from "@/lib/series/thinning";

/** So many logged spans are kept before they are thinned out to half of it, with every spike. */
export const MOST_POINTS = 24_000;
/** Of evaluations, checkpoints and marks. */
const MOST_OTHERS = 10_000;

/** Immutable from outside: a change makes a new one. */
export type Curve = {
  logs: readonly LogRecord[];
  evals: readonly EvalRecord[];
  checkpoints: readonly CheckpointRecord[];
  starts: readonly StartedRecord[];
  baseline: number | null;
  /** Of each kind of record, the newest row of the journal that is in here. */
  lastSeqs: Readonly<Partial<Record<RunRecord["kind"], number>>>;
  /** Whether spans were left out, so that a closer look has more to show. */
  isThinned: boolean;
};

export const EMPTY: Curve = {
  logs: [],
  evals: [],
  checkpoints: [],
  starts: [],
  baseline: null,
  lastSeqs: {},
  isThinned: false,
};

/** Take in records that follow, in their order; those that are here already are passed over. */
export function withRecords(curve: Curve, records: readonly RunRecord[]): Curve {
  const lastSeqs = { ...curve.lastSeqs };
  const fresh = records.filter((record) => {
    const isNew = record.seq > (lastSeqs[record.kind] ?? 0);
    lastSeqs[record.kind] = isNew ? record.seq : lastSeqs[record.kind];
    return isNew;
  });
  if (fresh.length === 0) {
    return curve;
  }
  const logs = fresh.filter((record) => record.kind === "log");
  const baseline = fresh.filter((record) => record.kind === "baseline").at(-1)?.loss;
  return {
    ...kept([...curve.logs, ...logs], curve.isThinned),
    evals: [...curve.evals, ...fresh.filter((record) => record.kind === "eval")].slice(-MOST_OTHERS),
    checkpoints: [...curve.checkpoints, ...fresh.filter((record) => record.kind === "checkpoint")].slice(-MOST_OTHERS),
    starts: [...curve.starts, ...fresh.filter((record) => record.kind === "started")].slice(-MOST_OTHERS),
    baseline: baseline ?? curve.baseline,
    lastSeqs,
  };
}

function kept(logs: readonly LogRecord[], isThinned: boolean): Pick<Curve, "logs" | "isThinned"> {
  if (logs.length <= MOST_POINTS) {
    return { logs, isThinned };
  }
  return { logs: thinned(logs, MOST_POINTS / 2, SERIES), isThinned: true };
}

const SERIES = [
  (record: LogRecord) => record.loss,
  (record: LogRecord) => record.delta,
  (record: LogRecord) => record.learningRate,
  (record: LogRecord) => record.gradNorm,
];

/** The overview with what a closer look brought in its place: records between the first and the last of `detail`. */
export function withDetail(logs: readonly LogRecord[], detail: readonly LogRecord[]): readonly LogRecord[] {
  const first = detail[0];
  const last = detail.at(-1);
  if (first === undefined || last === undefined) {
    return logs;
  }
  const before = logs.filter((record) => record.seq < first.seq);
  const after = logs.filter((record) => record.seq > last.seq);
  return [...before, ...detail, ...after];
}

/** The rows of the journal among which the spans between two steps are; those around them, so that lines go on. */
export function rowsBetween(
  logs: readonly LogRecord[],
  from: number,
  to: number,
): { after: number; until: number } | null {
  const inside = logs.flatMap((record, index) => (record.step >= from && record.step <= to ? [index] : []));
  const first = inside[0];
  const last = inside.at(-1);
  if (first === undefined || last === undefined) {
    const next = logs.findIndex((record) => record.step > to);
    const before = logs[next - 1];
    const behind = logs[next];
    return before === undefined || behind === undefined ? null : { after: before.seq - 1, until: behind.seq };
  }
  const before = logs[first - 1] ?? logs[first];
  const behind = logs[last + 1] ?? logs[last];
  return before === undefined || behind === undefined ? null : { after: before.seq - 1, until: behind.seq };
}
