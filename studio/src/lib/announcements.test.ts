import { expect, test } from "vitest";

import { newSince } from "./announcements";

const ALL = [{ id: 9 }, { id: 8 }, { id: 5 }];

test("nothing is new when the page opens", () => {
  expect(newSince(null, ALL)).toEqual({ fresh: [], known: 9 });
});

test("what came since is told once, in its order", () => {
  expect(newSince(5, ALL)).toEqual({ fresh: [{ id: 8 }, { id: 9 }], known: 9 });
  expect(newSince(9, ALL)).toEqual({ fresh: [], known: 9 });
});

test("an empty answer forgets nothing", () => {
  expect(newSince(9, [])).toEqual({ fresh: [], known: 9 });
});
