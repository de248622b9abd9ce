/** Numbers as people read them. A minus is a minus. */

const MINUS = "−";

/** So many significant digits, no exponent for usual sizes. */
export function formatNumber(value: number, digits = 4): string {
  if (value === 0) {
    return "0";
  }
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-4 ? value.toExponential(digits - 1) : trimmed(value, digits);
  return text.replace("-", MINUS).replace("e+", "e");
}

/** With its sign, for differences. */
export function formatDelta(value: number, digits = 4): string {
  return value > 0 ? `+${formatNumber(value, digits)}` : formatNumber(value, digits);
}

/** `1.2 GB`, in steps of a thousand. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : Number(size.toPrecision(3))} ${units[unit] ?? ""}`;
}

/** With thousands apart: `1,234,567`. */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** Energy in watt-hours or kilowatt-hours, of a value in the latter. */
export function formatEnergy(kwh: number): string {
  return kwh >= 0.1 ? `${short(kwh)} kWh` : `${short(kwh * 1000)} Wh`;
}

/** Money, whatever its currency: two places, or two digits of what is less than one. */
export function formatMoney(value: number): string {
  return value >= 1 ? value.toFixed(2) : short(value);
}

function short(value: number): string {
  return value === 0 ? "0" : trimmed(value, 2).replace(/\.0+$/, "");
}

function trimmed(value: number, digits: number): string {
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.max(0, Math.min(10, digits - whole)));
}
