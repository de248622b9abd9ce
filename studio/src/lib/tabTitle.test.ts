import { expect, test } from "vitest";

import { tabTitle } from "./tabTitle";

const running = { status: "running", fraction: 0.429, parent_id: null };

test("names the page alone where nothing runs", () => {
  expect(tabTitle("Jobs", [])).toBe("Jobs · BrewSLM");
  expect(tabTitle("", [{ ...running, status: "queued" }])).toBe("BrewSLM");
});

test("says how far one run has come, never rounded up", () => {
  expect(tabTitle("Jobs", [running])).toBe("(42 %) Jobs · BrewSLM");
  expect(tabTitle("Jobs", [{ ...running, fraction: 0.999 }])).toBe("(99 %) Jobs · BrewSLM");
});

test("counts several runs, and a flow and its step as one", () => {
  expect(tabTitle("Jobs", [running, running])).toBe("(2 running) Jobs · BrewSLM");
  expect(tabTitle("Jobs", [running, { ...running, parent_id: 7 }])).toBe("(42 %) Jobs · BrewSLM");
});
