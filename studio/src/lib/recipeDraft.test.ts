import { expect, test } from "vitest";

import { draftOf, pairsOf, readDraft, wantedOf } from "./recipeDraft";
import type { RecipeField } from "@/api";

const PLAIN = { choices: [], default: null, is_optional: false, minimum: null, maximum: null, meaning: "" };
const RATE: RecipeField = { ...PLAIN, name: "optim.learning_rate", kind: "number", minimum: 0, maximum: 1 };
const STEPS: RecipeField = { ...PLAIN, name: "data.total_steps", kind: "integer", minimum: 1 };
const METHOD: RecipeField = { ...PLAIN, name: "method", kind: "choice", choices: ["lora", "full"] };
const CHECKPOINTING: RecipeField = { ...PLAIN, name: "activation_checkpointing", kind: "boolean" };
const FIELDS = [RATE, STEPS, METHOD, CHECKPOINTING];

test("what was typed becomes values of the right kind", () => {
  const draft = draftOf([
    "optim.learning_rate=1e-4",
    "data.total_steps=7",
    "method=full",
    "activation_checkpointing=true",
  ]);
  expect(readDraft(draft, FIELDS).overrides).toEqual({
    "optim.learning_rate": 0.0001,
    "data.total_steps": 7,
    method: "full",
    activation_checkpointing: true,
  });
});

test.each([
  ["optim.learning_rate=2", "A number from 0 to 1"],
  ["optim.learning_rate=", "A number from 0 to 1"],
  ["data.total_steps=1.5", "A whole number from 1"],
  ["data.total_steps=0", "A whole number from 1"],
  ["method=magic", "One of lora, full"],
  ["activation_checkpointing=yes", "One of true, false"],
  ["no.such=1", "The recipe has no such field"],
])("%s is a problem and is not sent", (pair, problem) => {
  const { overrides, problems } = readDraft(draftOf([pair]), FIELDS);
  expect(overrides).toEqual({});
  expect([...problems.values()]).toEqual([problem]);
});

test("a draft survives the address, also with signs of equality in it", () => {
  const pairs = ["a.b=1", "c=x=y"];
  expect(pairsOf(draftOf(pairs))).toEqual(pairs);
  expect(draftOf(["=1", "nothing"]).size).toBe(0);
  expect(wantedOf(RATE)).toBe("A number from 0 to 1");
});
