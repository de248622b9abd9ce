import { expect, test } from "vitest";

import { formatAgo, formatDuration, secondsBetween } from "./time";

test.each([
  [-3, "0 s"],
  [0.9, "0 s"],
  [59.9, "59 s"],
  [60, "1 min 00 s"],
  [3599, "59 min 59 s"],
  [3600, "1 h 00 min"],
  [86_399, "23 h 59 min"],
  [86_400, "1 d 00 h"],
  [1_000_000, "11 d 13 h"],
])("spells %s seconds as %s", (seconds, spelled) => {
  expect(formatDuration(seconds)).toBe(spelled);
});

test.each([
  [0, "just now"],
  [-30, "just now"],
  [45, "45 s ago"],
  [300, "5 min ago"],
  [7200, "2 h ago"],
  [3 * 86_400, "3 d ago"],
])("says how long ago %s seconds are", (seconds, spelled) => {
  const at = "2026-11-28T12:00:00Z";
  expect(formatAgo(at, Date.parse(at) + seconds * 1000)).toBe(spelled);
});

test("says the date of what is older than a week", () => {
  expect(formatAgo("2026-11-01T12:00:00Z", Date.parse("2026-11-28T12:00:00Z"))).toBe("2026-11-01");
});

test("counts seconds between moments, also to a number of milliseconds", () => {
  expect(secondsBetween("2026-11-28T12:00:00Z", "2026-11-28T12:01:30Z")).toBe(90);
  expect(secondsBetween("2026-11-28T12:00:00Z", Date.parse("2026-11-28T12:00:01Z"))).toBe(1);
});
