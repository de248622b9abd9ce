/** Reading the body of an evaluation's report. What is not there, or is of another kind, is left out. */
import { isObject, type JsonObject, numberIn, objectIn, textIn } from "@/lib/json";

export type Compared = {
  /** `test loss`, `eval dpo objective`, `accuracy on test`. */
  name: string;
  numExamples: number | null;
  base: number | null;
  tuned: number | null;
  delta: number | null;
  low: number | null;
  high: number | null;
  /** How the interval was made. */
  method: string;
  verdict: string;
  /** What is known besides. */
  more: string;
};

export type Outcome = { name: string; sentence: string; passed: boolean; seen: string; required: boolean };
export type Answer = { prompt: string; base: string; tuned: string };

export type Evaluation = {
  verdict: string;
  adapterId: string;
  manifestId: string;
  comparisons: readonly Compared[];
  gates: readonly Outcome[];
  answers: readonly Answer[];
  /** Splits whose examples have losses of their own. */
  splits: readonly string[];
};

export function evaluationOf(body: JsonObject): Evaluation {
  const losses = listIn(body, "losses");
  return {
    verdict: textIn(body, "verdict") ?? "cannot tell",
    adapterId: textIn(body, "adapter_id") ?? "",
    manifestId: textIn(body, "manifest_id") ?? "",
    comparisons: [
      ...losses.map((one) => compared(one, `${textIn(one, "split") ?? ""} loss`, bits(one))),
      ...listIn(body, "judgements").map((one) => {
        const name = `${textIn(one, "split") ?? ""} ${textIn(one, "mode") ?? ""} objective`;
        return compared(one, name, "");
      }),
      ...listIn(body, "accuracy").map((one) => {
        const majority = numberIn(one, "majority");
        const more = majority === null ? "" : `always the most frequent label: ${majority.toFixed(3)}`;
        return compared(one, `accuracy on ${textIn(one, "rows") ?? ""}`, more);
      }),
    ],
    gates: listIn(body, "gates").map((one) => ({
      name: textIn(one, "name") ?? "",
      sentence: textIn(one, "sentence") ?? "",
      passed: one["passed"] === true,
      seen: textIn(one, "seen") ?? "",
      required: one["required"] !== false,
    })),
    answers: listIn(body, "answers").map((one) => ({
      prompt: textIn(one, "prompt") ?? "",
      base: textIn(one, "base") ?? "",
      tuned: textIn(one, "tuned") ?? "",
    })),
    splits: losses.flatMap((one) => textIn(one, "split") ?? []),
  };
}

function compared(one: JsonObject, name: string, more: string): Compared {
  const interval = objectIn(one, "interval");
  return {
    name,
    numExamples: numberIn(one, "num_examples"),
    base: numberIn(one, "base"),
    tuned: numberIn(one, "tuned"),
    delta: numberIn(one, "delta"),
    low: numberIn(interval, "low"),
    high: numberIn(interval, "high"),
    method: textIn(interval, "method") ?? "",
    verdict: textIn(one, "verdict") ?? "",
    more,
  };
}

function bits(one: JsonObject): string {
  const [base, tuned] = [numberIn(one, "base_bits_per_byte"), numberIn(one, "tuned_bits_per_byte")];
  return base === null || tuned === null ? "" : `${base.toFixed(3)} → ${tuned.toFixed(3)} bits per byte`;
}

function listIn(body: JsonObject, key: string): JsonObject[] {
  const found = body[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
}
