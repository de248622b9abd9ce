import { expect, test } from "vitest";

import { choicesOf, grouped } from "./playground";

const CHECKPOINT = { model: "faq@experiment2-step40", experiment_id: 2, step: 40, eval_loss: 1.25, is_best: true };

test("a project without a release begins with its newest checkpoint, and the base is last", () => {
  const choices = choicesOf("faq", [null], [CHECKPOINT, { ...CHECKPOINT, model: "x", step: 20, eval_loss: null }]);
  expect(choices.map(({ label }) => label)).toEqual([
    "Experiment 2, step 40 (eval loss 1.2500, the best)",
    "Experiment 2, step 20",
    "Base model",
  ]);
  expect(choices[0]?.model).toBe("faq@experiment2-step40");
});

test("releases come first, each group once", () => {
  const groups = grouped(choicesOf("faq", [{ version: 2 }, { version: 3 }], [CHECKPOINT]));
  expect(groups.map(({ group }) => group)).toEqual(["Releases", "Experiment 2", "Base model"]);
  expect(groups[0]?.items).toEqual([
    { value: "faq@v2", label: "v2" },
    { value: "faq@v3", label: "v3" },
  ]);
});
