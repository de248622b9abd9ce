import { expect, test } from "vitest";

import { contained, enclosed, legibleJson } from "./bidi";

test("what has no marks, or marks with their partners, stays as it is", () => {
  for (const text of ["", "plain", "\u05d0\u05d1", "\u2066a\u2069b", "\u202eturned"]) {
    expect(contained(text)).toBe(text);
  }
});

test("a mark that closes nothing of its own text is left out", () => {
  expect(contained("\u2069\u202eleak")).toBe("\u202eleak");
  expect(contained("\u2066a\u2069\u2069b\u2068c\u2069\u2069")).toBe("\u2066a\u2069b\u2068c\u2069");
});

test("what would begin a paragraph is a space", () => {
  expect(contained("a\u0085\u202eb\u2029c\u001dd")).toBe("a \u202eb c d");
});

test("where there is no element, marks stand around it", () => {
  expect(enclosed("\u2069\u202eleak")).toBe("\u2068\u202eleak\u2069");
});

test("JSON spells out what steers, and says the same", () => {
  const value = { name: "a\u202eb\u0085", list: ["\u2069", 1, null] };
  expect(legibleJson(value)).toBe('{"name":"a\\u202eb\\u0085","list":["\\u2069",1,null]}');
  expect(JSON.parse(legibleJson(value, 2))).toEqual(value);
});
