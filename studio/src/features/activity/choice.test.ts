import { expect, test } from "vitest";

import { exportAddress, queryOf } from "./choice";

test("an address is a choice, and what the server would refuse is left out", () => {
  const params = new URLSearchParams(
    "severity=error&severity=fatal&stage=training&stage=x&text=%20out%20of%20&actor=&since=2026-11-29T10:00Z&until=soon",
  );
  expect(queryOf(params)).toEqual({
    severity: ["error"],
    stage: ["training"],
    text: "out of",
    since: "2026-11-29T10:00:00.000Z",
  });
  expect(queryOf(new URLSearchParams())).toEqual({});
});

test("a file has the events that are chosen", () => {
  const address = exportAddress(3, { severity: ["error", "critical"], text: "a&b=1" }, "csv");
  const params = new URL(address, "http://studio").searchParams;
  expect([params.get("project_id"), params.get("format"), params.get("text")]).toEqual(["3", "csv", "a&b=1"]);
  expect(params.getAll("severity")).toEqual(["error", "critical"]);
});
