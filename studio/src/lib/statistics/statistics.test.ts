import { describe as group, expect, test } from "vitest";

import { correlatedMean } from "./correlation";
import { describe } from "./describe";
import { studentQuantile } from "./student";

group("a description", () => {
  test("of nothing is none, and of one value has no spread", () => {
    expect(describe([])).toBeNull();
    expect(describe([4])).toMatchObject({ num: 1, mean: 4, halfWidth: null, deviation: null, p90: 4, p95: 4 });
  });

  test("takes Student's quantile up to 31 values, and 1.96 above", () => {
    const alternating = (num: number) => Array.from({ length: num }, (_, index) => index % 2);
    for (const [num, quantile] of [
      [2, 12.706204736],
      [31, 2.042272456],
      [32, 1.96],
    ] as const) {
      const found = describe(alternating(num));
      expect((found?.halfWidth ?? 0) / ((found?.deviation ?? 0) / Math.sqrt(num))).toBeCloseTo(quantile, 8);
    }
  });

  test("does not lose digits to a large mean", () => {
    expect(describe([1e9 + 1, 1e9 + 2, 1e9 + 3])?.variance).toBeCloseTo(1, 9);
  });
});

test("Student's quantiles are those of the tables, also of fractions", () => {
  expect(studentQuantile(0.95, 1)).toBeCloseTo(12.7062047362, 9);
  expect(studentQuantile(0.95, 10)).toBeCloseTo(2.228138852, 9);
  expect(studentQuantile(0.95, 200)).toBeCloseTo(1.9718962236, 9);
  expect(studentQuantile(0.99, 2.5)).toBeGreaterThan(studentQuantile(0.99, 3));
});

group("the corrected interval", () => {
  test("is not given of a few values, and is nothing where nothing varies", () => {
    expect(correlatedMean(Array.from({ length: 19 }, (_, index) => index))).toBeNull();
    expect(correlatedMean(Array.from({ length: 50 }, () => 2))).toEqual({ numEffective: 50, halfWidth: 0 });
  });

  test("of a slow wave counts few effective values", () => {
    const wave = Array.from({ length: 400 }, (_, index) => Math.sin(index / 40) + ((index * 7919) % 13) / 50);
    const found = correlatedMean(wave);
    expect(found?.numEffective).toBeLessThan(40);
    expect(found?.halfWidth).toBeGreaterThan(3 * (describe(wave)?.halfWidth ?? Infinity));
  });
});
