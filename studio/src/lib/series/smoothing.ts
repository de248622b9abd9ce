/** Making a noisy line readable, and choosing what part of it to show. */

/**
 * An exponential mean of what came before, without the pull of the first value towards nothing.
 *
 * `strength` is the share of the past, from 0 (as it is) to below 1. What was not measured stays so.
 */
export function smoothed(values: readonly (number | null)[], strength: number): (number | null)[] {
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) {
      return null;
    }
    mean = strength * mean + (1 - strength) * value;
    weight = strength * weight + (1 - strength);
    return mean / weight;
  });
}

/** A range that a few outliers do not stretch: the central 98 %, and a tenth more on either side. */
export function robustRange(values: readonly (number | null)[]): [number, number] | null {
  const known = Float64Array.from(values.filter((value) => value !== null)).sort();
  const low = known[Math.floor(0.01 * (known.length - 1))];
  const high = known[Math.ceil(0.99 * (known.length - 1))];
  if (low === undefined || high === undefined) {
    return null;
  }
  const margin = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - margin, high + margin];
}
