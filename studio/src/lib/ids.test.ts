import { expect, test } from "vitest";

import { idOf } from "./ids";

test.each(["1", "42", "999999999999999"])("reads %s", (text) => {
  expect(idOf(text)).toBe(Number(text));
});

test.each([undefined, "", "0", "-1", "1.5", "1e3", "abc", "1/2", "9999999999999999"])("refuses %s", (text) => {
  expect(idOf(text)).toBeNull();
});
