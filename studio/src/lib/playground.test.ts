import { expect, test } from "vitest";

import { choicesOf, firstPair, grouped } from "./playground";

const CHECKPOINT = { model: "faq@experiment2-step40", experiment_id: 2, step: 40, eval_loss: 1.25, is_best: true };

test("checkpoints say how good they are, and the base is last", () => {
  const choices = choicesOf("faq", [null], [CHECKPOINT, { ...CHECKPOINT, model: "x", step: 20, eval_loss: null }]);
  expect(choices.map(({ label }) => label)).toEqual([
    "Experiment 2, step 40 (eval loss 1.2500, the best)",
    "Experiment 2, step 20",
    "Base model",
  ]);
});

test("a page begins with a release, else with the best checkpoint of the newest experiment, beside the base", () => {
  const newer = { ...CHECKPOINT, model: "faq@experiment3-step20", experiment_id: 3, step: 20 };
  const newest = { ...newer, model: "faq@experiment3-step30", step: 30, is_best: false };
  const checkpoints = [newest, newer, CHECKPOINT];
  expect(firstPair(choicesOf("faq", [], checkpoints), checkpoints)).toEqual([newer.model, "faq@base"]);
  expect(firstPair(choicesOf("faq", [null, { version: 2 }], checkpoints), checkpoints)).toEqual(["faq@v2", "faq@base"]);
  expect(firstPair(choicesOf("faq", [null], [newest]), [newest])).toEqual([newest.model, "faq@base"]);
  expect(firstPair(choicesOf("faq", [null], []), [])).toEqual(["faq@base", "faq@base"]);
});

test("releases come first, each group once", () => {
  const groups = grouped(choicesOf("faq", [{ version: 2 }, { version: 3 }], [CHECKPOINT]));
  expect(groups.map(({ group }) => group)).toEqual(["Releases", "Experiment 2", "Base model"]);
  expect(groups[0]?.items).toEqual([
    { value: "faq@v2", label: "v2" },
    { value: "faq@v3", label: "v3" },
  ]);
});
