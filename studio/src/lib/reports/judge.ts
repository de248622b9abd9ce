/** Reading what a judge made of the answers of an evaluation. */
import { type JsonObject, numberIn, objectIn, textIn } from "@/lib/json";

export type Judged = {
  model: string;
  numCalls: number;
  numRows: number;
  wins: number;
  ties: number;
  losses: number;
  /** Ties by another verdict in the other order. */
  numInconsistent: number;
  mayGate: boolean;
  standing: string;
  /** Why there is no verdict; empty where there is one. */
  problem: string;
};

/** Null where no judge was asked. */
export function judgeOf(body: JsonObject): Judged | null {
  const one = objectIn(body, "judge");
  const model = textIn(one, "model");
  if (model === null) {
    return null;
  }
  return {
    model,
    numCalls: numberIn(one, "num_calls") ?? 0,
    numRows: numberIn(one, "num_rows") ?? 0,
    wins: numberIn(one, "wins") ?? 0,
    ties: numberIn(one, "ties") ?? 0,
    losses: numberIn(one, "losses") ?? 0,
    numInconsistent: numberIn(one, "num_inconsistent") ?? 0,
    mayGate: one["may_gate"] === true,
    standing: textIn(one, "standing") ?? "",
    problem: textIn(one, "problem") ?? "",
  };
}
