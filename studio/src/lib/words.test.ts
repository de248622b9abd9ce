import { expect, test } from "vitest";

import { namesIn } from "./words";

test("names are read between commas, each once and without its blanks", () => {
  expect(namesIn(" a, b c ,, a ,/models/x")).toEqual(["a", "b c", "/models/x"]);
  expect(namesIn(" , ")).toEqual([]);
});
