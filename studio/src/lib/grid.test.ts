import { expect, test } from "vitest";

import { gridIn, sizeOf } from "./grid";

test("reads fields and their values, as what they are", () => {
  const grid = gridIn("optim.learning_rate = 1e-3, 0.003\n\nlora.use_dora=true, false\nmethod = lora,full");
  expect(grid).toEqual({
    "optim.learning_rate": [0.001, 0.003],
    "lora.use_dora": [true, false],
    method: ["lora", "full"],
  });
  expect(sizeOf(grid ?? {})).toBe(8);
});

test("tells that a line is no field with values", () => {
  expect(gridIn("optim.learning_rate")).toBeNull();
  expect(gridIn("optim.learning_rate =")).toBeNull();
  expect(gridIn("= 3")).toBeNull();
  expect(sizeOf(gridIn("") ?? {})).toBe(0);
});
