import { expect, test } from "vitest";

import { idOf, jobOfRun } from "./ids";

test.each(["1", "42", "999999999999999"])("reads %s", (text) => {
  expect(idOf(text)).toBe(Number(text));
});

test.each([undefined, "", "0", "-1", "1.5", "1e3", "abc", "1/2", "9999999999999999"])("refuses %s", (text) => {
  expect(idOf(text)).toBeNull();
});

test("a run names its job", () => {
  expect([jobOfRun("train-7"), jobOfRun("map_commit-12")]).toEqual([7, 12]);
  expect([jobOfRun("project-x"), jobOfRun("train-0"), jobOfRun("train-7/8")]).toEqual([null, null, null]);
});
