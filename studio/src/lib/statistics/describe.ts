/** What is said of a series of measured numbers. */
import { studentQuantile } from "./student";

const CONFIDENCE = 0.95;
const LARGE = 31;
const NORMAL = 1.96;

export type Description = {
  num: number;
  mean: number;
  /** Half of the width of the 95 % interval of the mean, taking the values as independent; null below two values. */
  halfWidth: number | null;
  deviation: number | null;
  variance: number | null;
  p90: number;
  p95: number;
};

/** Describe finite values: spread with n - 1, percentiles interpolated linearly. Null where there are none. */
export function describe(values: readonly number[]): Description | null {
  const num = values.length;
  if (num === 0) {
    return null;
  }
  const mean = meanOf(values);
  const variance = num > 1 ? sum(values.map((value) => (value - mean) ** 2)) / (num - 1) : null;
  const sorted = Float64Array.from(values).sort();
  return {
    num,
    mean,
    halfWidth: variance === null ? null : quantileFor(num) * Math.sqrt(variance / num),
    deviation: variance === null ? null : Math.sqrt(variance),
    variance,
    p90: percentile(sorted, 0.9),
    p95: percentile(sorted, 0.95),
  };
}

/** The mean of at least one value. */
export function meanOf(values: readonly number[]): number {
  // A second pass takes away what the first one lost by rounding.
  const first = sum(values) / values.length;
  return first + sum(values.map((value) => value - first)) / values.length;
}

function quantileFor(num: number): number {
  return num > LARGE ? NORMAL : studentQuantile(CONFIDENCE, num - 1);
}

function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (high - low) * (place - below);
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) {
    total += value;
  }
  return total;
}
