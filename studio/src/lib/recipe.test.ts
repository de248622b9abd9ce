import { expect, test } from "vitest";

import { forecastIn, optionsOf, sourcedRows, yamlOf } from "./recipe";

test("overrides become nested YAML in which every number stays a number", () => {
  const text = yamlOf({ seed: 7, "optim.learning_rate": 1e-7, "optim.weight_decay": 0.1, recovery: "off" });
  expect(text).toBe('seed: 7\nrecovery: "off"\noptim:\n  learning_rate: 1.0e-7\n  weight_decay: 0.1');
});

test("nothing set is nothing said", () => {
  expect(yamlOf({})).toBe("");
  expect(optionsOf({})).toBe("");
});

test("the same on the command line", () => {
  expect(optionsOf({ "data.total_steps": 5, activation_checkpointing: true })).toBe(
    "--set data.total_steps=5 --set activation_checkpointing=true",
  );
});

test("rows of a plan say value, source and reason; what is not there is a dash", () => {
  const plan = { sources: { budget: { value: null, source: "default", reason: "" } } };
  expect(sourcedRows(plan)).toEqual([{ name: "budget", value: "–", source: "default", reason: "" }]);
});

test("a forecast that was not made has no numbers", () => {
  expect(forecastIn({ memory: { low: null, expected: null, high: null, basis: "no model" } }, "memory")).toEqual({
    low: null,
    expected: null,
    high: null,
    basis: "no model",
    provenance: "",
  });
});
