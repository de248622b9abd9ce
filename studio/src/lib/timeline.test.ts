import { expect, test } from "vitest";

import { barsOf, LEAST } from "./timeline";

const at = (second: number) => new Date(1000 * second).toISOString();

test("runs lie where they were, and one that goes on ends now", () => {
  const jobs = [
    { started_at: at(0), finished_at: at(50) },
    { started_at: at(50), finished_at: null },
    { started_at: null, finished_at: null },
  ];
  expect(barsOf(jobs, 100_000)).toEqual([{ left: 0, width: 50 }, { left: 50, width: 50 }, null]);
});

test("a run that took no time can be seen, and stays inside", () => {
  const jobs = [
    { started_at: at(0), finished_at: at(1000) },
    { started_at: at(1000), finished_at: at(1000) },
  ];
  expect(barsOf(jobs, 0)[1]).toEqual({ left: 100 - LEAST, width: LEAST });
  expect(barsOf([], 0)).toEqual([]);
});
