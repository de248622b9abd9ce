import { describe, expect, it } from "vitest";

import { answered, chatErrorOf, chatPieceOf, formatTimes, seedOf, type Turn } from "./chat";

describe("chatPieceOf", () => {
  it("reads text, end and error of an event", () => {
    const event = { choices: [{ delta: { content: "Hi" }, finish_reason: "stop" }] };
    expect(chatPieceOf(JSON.stringify(event))).toEqual({ text: "Hi", reason: "stop", error: null });
    expect(chatPieceOf('{"error": {"message": "lost"}}')).toEqual({ text: "", reason: null, error: "lost" });
  });

  it("makes nothing of what is no event", () => {
    expect(chatPieceOf("[DONE]")).toEqual({ text: "", reason: null, error: null });
    expect(chatPieceOf('{"choices": []}')).toEqual({ text: "", reason: null, error: null });
  });
});

describe("chatErrorOf", () => {
  it("finds the message", () => {
    expect(chatErrorOf({ error: { message: "busy" } })).toBe("busy");
    expect(chatErrorOf(null)).toBeNull();
  });
});

describe("formatTimes", () => {
  it("spells milliseconds and seconds", () => {
    expect(formatTimes({ p50: 0.1234, p95: 1, p99: 2.5 })).toBe("123 ms / 1.00 s / 2.50 s");
    expect(formatTimes(null)).toBe("–");
  });
});

describe("seedOf", () => {
  it("takes whole numbers only", () => {
    expect(seedOf(" 7 ")).toBe(7);
    expect([seedOf(""), seedOf("x"), seedOf("1.5")]).toEqual([undefined, undefined, undefined]);
  });
});

describe("answered", () => {
  it("leaves out a question that was refused or stopped", () => {
    const said: Turn[] = [
      { role: "user", content: "Hello?" },
      { role: "assistant", content: "Hello." },
    ];
    const refused: Turn[] = [
      { role: "user", content: "far too long" },
      { role: "assistant", content: "" },
    ];
    expect(answered([...refused, ...said, ...refused])).toEqual(said);
  });
});
