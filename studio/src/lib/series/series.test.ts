import { describe, expect, test } from "vitest";

import { robustRange, smoothed } from "./smoothing";
import { thinned } from "./thinning";

describe("thinning", () => {
  const items = Array.from({ length: 10_000 }, (_, index) => ({
    index,
    value: index === 7_777 ? 50 : Math.sin(index),
  }));

  test.each([20, 100, 3_000])("to %i points keeps a spike, the ends and the order", (most) => {
    const some = thinned(items, most, [(item) => item.value]);
    expect(some.length).toBeLessThanOrEqual(most);
    expect(some.some((item) => item.value === 50)).toBe(true);
    expect([some[0]?.index, some.at(-1)?.index]).toEqual([0, 9_999]);
    expect(some.map((item) => item.index)).toEqual(some.map((item) => item.index).toSorted((a, b) => a - b));
  });

  test("leaves few points as they are", () => {
    expect(thinned(items.slice(0, 20), 20, [(item) => item.value])).toEqual(items.slice(0, 20));
  });
});

describe("smoothing", () => {
  test("of a constant is that constant from its first value on", () => {
    const found = smoothed([3, 3, null, 3], 0.9);
    expect(found[2]).toBeNull();
    expect(found.map((value) => value?.toFixed(12))).toEqual([
      "3.000000000000",
      "3.000000000000",
      undefined,
      "3.000000000000",
    ]);
  });

  test("of none changes nothing", () => {
    expect(smoothed([1, 5, null, 2], 0)).toEqual([1, 5, null, 2]);
  });
});

test("a robust range does not follow one outlier", () => {
  const values = [...Array.from({ length: 999 }, (_, index) => 1 + (index % 10) / 10), 1e6];
  const [low, high] = robustRange(values) ?? [0, 0];
  expect(low).toBeGreaterThan(0.8);
  expect(high).toBeLessThan(2.1);
  expect(robustRange([null])).toBeNull();
  expect(robustRange([2, 2])).toEqual([1.8, 2.2]);
});
