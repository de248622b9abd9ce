import { expect, test } from "vitest";

import { bundleOf, measuredOf, smokeOf } from "./bundles";
import { sizeOf } from "./files";

test("a bundle names its files by their whole paths, and their sizes add up", () => {
  const files = [
    { path: "exports/ab/model/config.json", size_bytes: 7, sha256: "0a" },
    { path: "exports/ab/README.md", size_bytes: 5, sha256: "0b" },
  ];
  const found = bundleOf({ folder: "exports/ab", files, parity: { passed: true, same_greedy_tokens: false } });
  expect(found.files.map(({ path }) => path)).toEqual(["exports/ab/model/config.json", "exports/ab/README.md"]);
  expect(sizeOf(found.files)).toBe(12);
  expect(found.parity).toMatchObject({ passed: true, hasSameGreedyTokens: false, savedLoss: null });
});

test("a bundle says where its answers part from the tuned model's", () => {
  const first_difference = { prompt: 2, position: 0, tuned: "yes", bundle: "no", margin: 0.01 };
  const found = bundleOf({ parity: { passed: true, same_greedy_tokens: false, first_difference } });
  expect(found.parity.firstDifference).toEqual(first_difference);
  expect(bundleOf({ parity: { passed: true } }).parity.firstDifference).toBeNull();
});

test("a bundle without parity has not passed it", () => {
  expect(bundleOf({}).parity).toMatchObject({ passed: false, hasSameGreedyTokens: null });
});

test("what is not known of a device stays unknown", () => {
  const found = measuredOf({
    device: "browser_webgpu",
    recommended: null,
    candidates: [{ dtype: "int8", fits: null }],
  });
  expect(found.candidates[0]).toMatchObject({ dtype: "int8", fits: null, loss: null, deviceSpeed: null });
  expect(found.candidates[0]).toMatchObject({ longestContext: null, isPareto: null });
  expect(found.recommended).toBeNull();
});

test("of a device the longest context that fits and the estimated speed are read", () => {
  const contexts = [
    { num_tokens: 512, fits: true },
    { num_tokens: 1024, fits: true },
    { num_tokens: 4096, fits: false },
  ];
  const device_speed = { low: 10, high: 20, basis: "bandwidth" };
  const [one] = measuredOf({ candidates: [{ dtype: "q8_0", contexts, device_speed, is_pareto: true }] }).candidates;
  expect(one).toMatchObject({
    longestContext: 1024,
    isPareto: true,
    deviceSpeed: { low: 10, high: 20, basis: "bandwidth" },
  });
});

test("the smoke test keeps prompt and answer together", () => {
  const smoke = [{ prompt: "Hello", answer: "Hi", num_tokens: 2 }];
  expect(smokeOf({ smoke }).likeness).toBeNull();
  const likeness = { num_prompts: 3, num_tokens: 20, largest_logprob_difference: 0.04 };
  expect(smokeOf({ smoke, likeness }).likeness).toEqual({ numPrompts: 3, numTokens: 20, largestDifference: 0.04 });
  expect(smokeOf({ smoke }).answers).toEqual([{ prompt: "Hello", answer: "Hi", numTokens: 2 }]);
});
