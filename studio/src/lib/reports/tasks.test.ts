import { expect, test } from "vitest";

import { matrixOf, mistakes, probeOf, tasksOf, worstFirst } from "./tasks";

const metric = (name: string, tuned: number, isLowerBetter = false) => ({
  name,
  tuned,
  base: 0.5,
  is_lower_better: isLowerBetter,
  interval: { low: -0.1, high: 0.2, method: "bootstrap" },
});

const BODY = {
  tasks: [
    {
      id: "main",
      rows: "test",
      metrics: [metric("accuracy", 0.9)],
      slices: [
        { slice: "label=a", metric: metric("accuracy", 0.9) },
        { slice: "label=b", metric: metric("accuracy", 0.2) },
        { slice: "label=a", metric: metric("loss", 0.1, true) },
      ],
      confusions: [
        { label: "a", guess: "a", base: 1, tuned: 3 },
        { label: "a", guess: "b", base: 2, tuned: 0 },
        { label: "b", guess: "a", base: 0, tuned: 4 },
      ],
    },
  ],
};

test("a task is read with what it has, and what it lacks is empty", () => {
  const [task] = tasksOf(BODY);
  expect(task).toMatchObject({ id: "main", numRows: 0, missing: [], classes: [], worstSlice: null });
  expect(task?.metrics[0]).toMatchObject({ span: { low: -0.1, high: 0.2 }, baseSpan: { low: null, high: null } });
  expect(tasksOf({ tasks: "none" })).toEqual([]);
});

test("the worst slice comes first, by the first metric alone, whichever way is better", () => {
  const [task] = tasksOf(BODY);
  expect(task && worstFirst(task).map(({ slice }) => slice)).toEqual(["label=b", "label=a"]);
  const [lower] = tasksOf({
    tasks: [
      {
        metrics: [metric("loss", 1, true)],
        slices: [
          { slice: "low", metric: metric("loss", 1, true) },
          { slice: "high", metric: metric("loss", 3, true) },
        ],
      },
    ],
  });
  expect(lower && worstFirst(lower).map(({ slice }) => slice)).toEqual(["high", "low"]);
});

test("a confusion is a square of counts, and its mistakes are those of the tuned model", () => {
  const [task] = tasksOf(BODY);
  expect(task && matrixOf(task, "tuned")).toEqual({
    labels: ["a", "b"],
    counts: [
      [3, 0],
      [4, 0],
    ],
    most: 4,
  });
  expect(task && matrixOf(task, "base").counts).toEqual([
    [1, 2],
    [0, 0],
  ]);
  expect(task && mistakes(task).map(({ label, guess }) => `${label} as ${guess}`)).toEqual(["b as a"]);
});

test("a probe is there only where it was asked", () => {
  expect(probeOf({})).toBeNull();
  expect(probeOf({ probe: { verdict: "worse", texts: metric("bits_per_byte", 2) } })).toMatchObject({
    verdict: "worse",
    texts: { tuned: 2 },
  });
});
