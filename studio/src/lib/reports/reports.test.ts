import { expect, test } from "vitest";

import { evaluationOf } from "./evaluation";
import { partsOf, scoredOf, sorted } from "./examples";
import { judgeOf } from "./judge";

const INTERVAL = { low: -1.6, high: -1.4, method: "bootstrap" };
const LOSS = {
  split: "test",
  num_examples: 80,
  base: 5,
  tuned: 3.5,
  delta: -1.5,
  interval: INTERVAL,
  verdict: "better",
};

test("a report is read into rows, whatever it compares", () => {
  const found = evaluationOf({
    verdict: "better",
    losses: [{ ...LOSS, base_bits_per_byte: 2.28, tuned_bits_per_byte: 1.64 }],
    judgements: [{ ...LOSS, mode: "dpo" }],
    accuracy: [{ ...LOSS, rows: "test", majority: 0.5 }],
  });
  expect(found.comparisons.map(({ name }) => name)).toEqual(["test loss", "test dpo objective", "accuracy on test"]);
  expect(found.comparisons[0]).toMatchObject({ low: -1.6, high: -1.4, more: "2.280 → 1.640 bits per byte" });
  expect(found.splits).toEqual(["test"]);
});

test("a report of another form is an empty one", () => {
  expect(evaluationOf({ losses: "none", gates: [1] })).toMatchObject({ verdict: "cannot tell", gates: [], splits: [] });
});

test("the losses of an example are means over its tokens", () => {
  const row = scoredOf({ id: "a", num_tokens: 10, base_loss: 50, tuned_loss: 40 });
  expect(row).toEqual({ id: "a", numTokens: 10, base: 5, tuned: 4, delta: -1 });
  expect(scoredOf({ id: "b", num_tokens: 0, base_loss: 0, tuned_loss: 0 }).delta).toBeNull();
});

test("the worst are those whose loss rose most, and what has no figure is last both ways", () => {
  const rows = [-1, null, 2, 0].map((delta, index) => ({ id: String(index), numTokens: 1, base: 0, tuned: 0, delta }));
  expect(sorted(rows, "worst").map(({ delta }) => delta)).toEqual([2, 0, -1, null]);
  expect(sorted(rows, "best").map(({ delta }) => delta)).toEqual([-1, 0, 2, null]);
});

test("the texts of an example are those of its task", () => {
  const message = { role: "user", content: "Hello" };
  const row = { messages: [message], chosen: [], rejected: [{ role: "assistant", content: "No" }], label: "spam" };
  expect(partsOf(row)).toEqual([
    { role: "user", text: "Hello" },
    { role: "worse: assistant", text: "No" },
    { role: "label", text: "spam" },
  ]);
});

test("a judge is read with what its word is worth, and where none was asked there is none", () => {
  expect(judgeOf({})).toBeNull();
  expect(judgeOf({ judge: null })).toBeNull();
  const found = judgeOf({ judge: { model: "m", wins: 3, ties: 2, losses: 1, may_gate: true, standing: "It may." } });
  expect(found).toMatchObject({ model: "m", wins: 3, ties: 2, losses: 1, mayGate: true, problem: "" });
  expect(judgeOf({ judge: { model: "m", problem: "It cannot be asked." } })).toMatchObject({ mayGate: false });
});
