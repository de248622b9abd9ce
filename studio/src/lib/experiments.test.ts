import { expect, test } from "vitest";

import { chosenIds, experimentName, MOST_COMPARED } from "./experiments";

test("an experiment is named as its folder", () => {
  expect([experimentName(1), experimentName(1234)]).toEqual(["exp-001", "exp-1234"]);
});

test("an address may hold anything, and gives a few ids, each once", () => {
  expect(chosenIds("3,1,3,x,-2,0")).toEqual([3, 1]);
  expect(chosenIds(null)).toEqual([]);
  expect(chosenIds("1,2,3,4,5,6,7,8")).toHaveLength(MOST_COMPARED);
});
