/** What is marked on a curve: checkpoints, alerts, recoveries, and steps at which a number was none. */
import type { Curve } from "./curve";
import type { LoggedEvent } from "./log";
import { numberIn, objectIn, textIn } from "@/lib/json";

export type MarkKind = "checkpoint" | "best" | "alert" | "resolved" | "recovery" | "nonFinite";
export type Mark = { kind: MarkKind; step: number; text: string };

/** List what is to be marked, by step. */
export function marksOf(curve: Curve, events: readonly LoggedEvent[]): Mark[] {
  return [...checkpoints(curve), ...notFinite(curve), ...events.flatMap(ofEvent)].sort(
    (one, other) => one.step - other.step,
  );
}

function checkpoints(curve: Curve): Mark[] {
  const best = curve.checkpoints.findLast((one) => one.isBest);
  return curve.checkpoints.map((one) =>
    one === best
      ? { kind: "best", step: one.step, text: `checkpoint, the best so far${figure(one.loss)}` }
      : { kind: "checkpoint", step: one.step, text: `checkpoint${figure(one.loss)}` },
  );
}

function notFinite(curve: Curve): Mark[] {
  return [...curve.logs, ...curve.evals].flatMap((record) => {
    const names = Object.entries(record.nonFinite);
    return names.length === 0
      ? []
      : [{ kind: "nonFinite", step: record.step, text: names.map(([name, what]) => `${name} was ${what}`).join(", ") }];
  });
}

function ofEvent(event: LoggedEvent): Mark[] {
  if (event.reason === "training_recovered") {
    const step = numberIn(event.payload, "from_step") ?? 0;
    return [{ kind: "recovery", step, text: event.summary }];
  }
  if (event.reason !== "monitoring_alert" && event.reason !== "monitoring_alert_resolved") {
    return [];
  }
  const finding = objectIn(event.payload, "finding");
  const isOver = event.reason === "monitoring_alert_resolved";
  const step = numberIn(finding, isOver ? "recovery_step" : "step") ?? numberIn(finding, "step");
  const seen = textIn(finding, "seen") ?? event.summary;
  return step === null ? [] : [{ kind: isOver ? "resolved" : "alert", step, text: isOver ? event.summary : seen }];
}

function figure(loss: number | null): string {
  return loss === null ? "" : `, eval loss ${Number(loss.toPrecision(5))}`;
}
