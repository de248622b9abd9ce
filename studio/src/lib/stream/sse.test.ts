import { expect, test } from "vitest";

import { SseReader } from "./sse";

const TEXT = 'retry: 2000\nid: 0-0\n\nid: 0-1\nevent: a\ndata: {"x":1}\n\n: alive\n\nevent: end\ndata: 1\ndata: 2\n\n';

test.each([1, 2, 3, 7, 1000])("frames are whole, however the text is cut (%i characters)", (size) => {
  const reader = new SseReader();
  const frames = [];
  for (let start = 0; start < TEXT.length; start += size) {
    frames.push(...reader.push(TEXT.slice(start, start + size)));
  }
  expect(frames).toEqual([
    { id: "0-1", name: "a", data: '{"x":1}' },
    { id: null, name: "end", data: "1\n2" },
  ]);
  expect(reader.lastId).toBe("0-1");
});

test("a place is known although its frame is wanted by nobody", () => {
  const reader = new SseReader();
  expect(reader.push("id: 7-9\n\n")).toEqual([]);
  expect(reader.lastId).toBe("7-9");
});

test("a frame that was cut off does not count", () => {
  const reader = new SseReader();
  reader.push("id: 1-1\ndata: 1\n\nid: 2-2\ndata: 2\n");
  expect(reader.lastId).toBe("1-1");
});

test("every kind of line end is one", () => {
  expect(new SseReader().push("event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\r")).toHaveLength(1);
  const reader = new SseReader();
  reader.push("data: 1\r");
  expect(reader.push("\n\r\n")).toHaveLength(1);
});
