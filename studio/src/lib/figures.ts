/** Measured figures as people read them; what was not measured says so. */
import { formatDelta, formatNumber } from "./numbers";

export const NOT_MEASURED = "not measured";

export function formatMeasured(value: number | null | undefined, digits = 5): string {
  return value === null || value === undefined ? NOT_MEASURED : formatNumber(value, digits);
}

/** `−1.6 to −1.2`. */
export function formatInterval(interval: { low?: number | null; high?: number | null }): string {
  const { low, high } = interval;
  return low == null || high == null ? `interval ${NOT_MEASURED}` : `${formatDelta(low)} to ${formatDelta(high)}`;
}
