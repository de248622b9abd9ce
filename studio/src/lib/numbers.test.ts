import { expect, test } from "vitest";

import { formatBytes, formatCount, formatDelta, formatEnergy, formatMoney, formatNumber } from "./numbers";

test.each([
  [0, "0"],
  [1.59788, "1.598"],
  [-1.59788, "−1.598"],
  [0.0016666, "0.001667"],
  [0.00001234, "1.234e−5"],
  [12345.6, "12346"],
  [1_234_567, "1.235e6"],
])("%d reads %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("a difference has its sign, bytes a unit, and thousands are apart", () => {
  expect(formatDelta(0.25)).toBe("+0.2500");
  expect(formatDelta(-0.25)).toBe("−0.2500");
  expect([formatBytes(0), formatBytes(999), formatBytes(1_054_000_000)]).toEqual(["0 B", "999 B", "1.05 GB"]);
  expect(formatCount(1234567)).toBe("1,234,567");
});

test("energy has the unit that suits it, and small money keeps two digits", () => {
  expect([0, 0.00127, 0.25, 12].map(formatEnergy)).toEqual(["0 Wh", "1.3 Wh", "0.25 kWh", "12 kWh"]);
  expect([0, 0.00037, 0.5, 12.345].map(formatMoney)).toEqual(["0", "0.00037", "0.50", "12.35"]);
});
