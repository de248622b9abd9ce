/** Reading the bodies of bundles, releases and measurements for a device. */
import { type ArtifactFile, filesOf } from "./files";
import { isObject, type JsonObject, numberIn, objectIn, textIn } from "@/lib/json";

export type Bundle = {
  adapterId: string;
  reportId: string;
  format: string;
  target: string;
  dtype: string;
  folder: string;
  files: readonly ArtifactFile[];
  parity: Parity;
};

export type Parity = {
  passed: boolean;
  numExamples: number | null;
  tunedLoss: number | null;
  savedLoss: number | null;
  tolerance: number | null;
  largestDifference: number | null;
  hasSameGreedyTokens: boolean | null;
  firstDifference: FirstDifference | null;
};

/** Where the tuned model and the bundle part, of the prompt where the tuned model is surest. */
export type FirstDifference = {
  prompt: number;
  position: number;
  tuned: string;
  bundle: string;
  margin: number | null;
};

export function bundleOf(body: JsonObject): Bundle {
  const parity = objectIn(body, "parity");
  const same = parity["same_greedy_tokens"];
  return {
    adapterId: textIn(body, "adapter_id") ?? "",
    reportId: textIn(body, "eval_report_id") ?? "",
    format: textIn(body, "format") ?? "",
    target: textIn(body, "target") ?? "",
    dtype: textIn(body, "dtype") ?? "",
    folder: textIn(body, "folder") ?? "",
    files: filesOf(body),
    parity: {
      passed: parity["passed"] === true,
      numExamples: numberIn(parity, "num_examples"),
      tunedLoss: numberIn(parity, "adapter_loss"),
      savedLoss: numberIn(parity, "merged_loss"),
      tolerance: numberIn(parity, "tolerance"),
      largestDifference: numberIn(parity, "largest_logprob_difference"),
      hasSameGreedyTokens: typeof same === "boolean" ? same : null,
      firstDifference: firstDifferenceOf(parity["first_difference"]),
    },
  };
}

function firstDifferenceOf(found: unknown): FirstDifference | null {
  if (!isObject(found)) {
    return null;
  }
  return {
    prompt: numberIn(found, "prompt") ?? 0,
    position: numberIn(found, "position") ?? 0,
    tuned: textIn(found, "tuned") ?? "",
    bundle: textIn(found, "bundle") ?? "",
    margin: numberIn(found, "margin"),
  };
}

export type SmokeAnswer = { prompt: string; answer: string; numTokens: number | null };
export type Smoke = {
  bundleId: string;
  runtime: string;
  /** How near a runtime of others came to the bundle; null where the bundle itself was loaded. */
  likeness: { numPrompts: number; numTokens: number; largestDifference: number } | null;
  answers: readonly SmokeAnswer[];
};

export function smokeOf(body: JsonObject): Smoke {
  return {
    bundleId: textIn(body, "bundle_id") ?? "",
    runtime: textIn(body, "runtime") ?? "",
    likeness: likenessOf(body["likeness"]),
    answers: listIn(body, "smoke").map((one) => ({
      prompt: textIn(one, "prompt") ?? "",
      answer: textIn(one, "answer") ?? "",
      numTokens: numberIn(one, "num_tokens"),
    })),
  };
}

function likenessOf(found: unknown): Smoke["likeness"] {
  if (!isObject(found)) {
    return null;
  }
  return {
    numPrompts: numberIn(found, "num_prompts") ?? 0,
    numTokens: numberIn(found, "num_tokens") ?? 0,
    largestDifference: numberIn(found, "largest_logprob_difference") ?? 0,
  };
}

export type Candidate = {
  dtype: string;
  weightBytes: number | null;
  memoryBytes: number | null;
  loss: number | null;
  tokensPerSecond: number | null;
  /** Null where the memory of the device is not known. */
  fits: boolean | null;
  /** Tokens a second on the device: estimated, never measured. */
  deviceSpeed: { low: number; high: number; basis: string } | null;
  /** The longest conversation, in tokens, that the device has room for. */
  longestContext: number | null;
  /** Whether no other form is better in loss, memory and speed at once; null where that was not said. */
  isPareto: boolean | null;
};

export type Measured = {
  bundleId: string;
  device: string;
  recommended: string | null;
  reason: string;
  candidates: readonly Candidate[];
};

export function measuredOf(body: JsonObject): Measured {
  return {
    bundleId: textIn(body, "bundle_id") ?? "",
    device: textIn(body, "device") ?? "",
    recommended: textIn(body, "recommended"),
    reason: textIn(body, "reason") ?? "",
    candidates: listIn(body, "candidates").map((one) => {
      const { fits, is_pareto: isPareto } = one;
      const contexts = listIn(one, "contexts").filter((context) => context["fits"] === true);
      return {
        dtype: textIn(one, "dtype") ?? "",
        weightBytes: numberIn(one, "weight_bytes"),
        memoryBytes: numberIn(one, "memory_bytes"),
        loss: numberIn(one, "loss"),
        tokensPerSecond: numberIn(one, "tokens_per_second_here"),
        fits: typeof fits === "boolean" ? fits : null,
        deviceSpeed: speedIn(one),
        longestContext: contexts.reduce<number | null>(
          (longest, context) => Math.max(longest ?? 0, numberIn(context, "num_tokens") ?? 0),
          null,
        ),
        isPareto: typeof isPareto === "boolean" ? isPareto : null,
      };
    }),
  };
}

function speedIn(candidate: JsonObject): Candidate["deviceSpeed"] {
  const speed = objectIn(candidate, "device_speed");
  const [low, high] = [numberIn(speed, "low"), numberIn(speed, "high")];
  return low === null || high === null ? null : { low, high, basis: textIn(speed, "basis") ?? "" };
}

function listIn(body: JsonObject, key: string): JsonObject[] {
  const found = body[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
}
