import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { PlotGroup } from "./plotGroup";

let pictures: (() => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  pictures = [];
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => pictures.push(draw));
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function plot() {
  const shown: number[] = [];
  const setScale = (_: string, { max }: { max: number | null }) => shown.push(max ?? 0);
  return { data: [[0, 1000]] satisfies [number[]], setScale, shown };
}

function draw() {
  pictures.shift()?.();
}

test("the plot under the hand moves with every picture, the others in turn, and all end at the same", () => {
  const group = new PlotGroup(() => undefined);
  const plots = [plot(), plot(), plot(), plot()] as const;
  plots.forEach((one) => group.add(one));
  const [loss, first, hand, last] = plots;
  for (let number = 1; number <= 3; number += 1) {
    group.zoom(hand, 1, 500);
    draw();
  }
  expect(hand.shown).toHaveLength(3);
  expect([loss, first, last].map(({ shown }) => shown.length)).toEqual([1, 1, 1]);
  while (pictures.length > 0) {
    draw();
  }
  const end = hand.shown.at(-1);
  expect(end).toBeLessThan(1000);
  expect(plots.map(({ shown }) => shown.at(-1))).toEqual([end, end, end, end]);
});

test("who leaves the group is not drawn any more, and the others are", () => {
  const told: unknown[] = [];
  const group = new PlotGroup((range) => told.push(range));
  const [stays, goes] = [plot(), plot()];
  group.add(stays);
  const leave = group.add(goes);
  group.show({ from: 10, to: 20 });
  leave();
  while (pictures.length > 0) {
    draw();
  }
  expect([stays.shown, goes.shown]).toEqual([[20], []]);
  vi.runAllTimers();
  expect(told).toEqual([{ from: 10, to: 20 }]);
});
