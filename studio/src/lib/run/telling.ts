/** A curve in words, for who does not see it. */
import type { Curve } from "./curve";
import type { LogRecord } from "./records";
import { formatDelta, formatNumber } from "@/lib/numbers";

/** Say where the losses began, where they are, and what that is against the base. */
export function tellCurve(curve: Curve, logs: readonly LogRecord[]): string {
  return [trainTold(logs), evalTold(curve)].filter((told) => told !== null).join(" ");
}

function trainTold(logs: readonly LogRecord[]): string | null {
  const first = logs.find((log) => log.loss !== null);
  const last = logs.findLast((log) => log.loss !== null);
  if (first === undefined || last === undefined || first.loss === null || last.loss === null) {
    return null;
  }
  const way = last.loss < first.loss ? "fell" : "rose";
  const from = `${formatNumber(first.loss)} at step ${first.step}`;
  return `Train loss ${way} from ${from} to ${formatNumber(last.loss)} at step ${last.step}.`;
}

function evalTold({ evals }: Curve): string | null {
  const last = evals.findLast((one) => one.loss !== null);
  if (last === undefined || last.loss === null) {
    return null;
  }
  const interval =
    last.low === null || last.high === null ? "" : ` (${formatDelta(last.low)} to ${formatDelta(last.high)})`;
  const delta = last.delta === null ? "" : `, ${formatDelta(last.delta)}${interval} against the untuned base`;
  return `Eval loss ${formatNumber(last.loss)} at step ${last.step}${delta}.`;
}
