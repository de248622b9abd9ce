import { numberIn, objectIn, objectsIn, parseObject, textIn } from "./json";

/** What one event of a chat's stream says. */
export type ChatPiece = { text: string; reason: string | null; error: string | null };

/** Read one event of a chat's stream; what is not understood says nothing. */
export function chatPieceOf(data: string): ChatPiece {
  const said = parseObject(data) ?? {};
  const choice = objectsIn(said, "choices")[0] ?? {};
  return {
    text: textIn(objectIn(choice, "delta"), "content") ?? "",
    reason: textIn(choice, "finish_reason"),
    error: textIn(objectIn(said, "error"), "message"),
  };
}

/** What an error in the shape of the OpenAI API says. */
export function chatErrorOf(body: unknown): string | null {
  return textIn(objectIn(parseObject(JSON.stringify(body ?? null)) ?? {}, "error"), "message");
}

/** Percentiles of a time, in seconds, as one reads them: `120 ms / 1.4 s / 2.0 s`. */
export function formatTimes(times: { p50: number; p95: number; p99: number } | null | undefined): string {
  return times == null ? "–" : [times.p50, times.p95, times.p99].map(formatSeconds).join(" / ");
}

function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`;
}

/** A seed as typed: a whole number, or none. */
export function seedOf(text: string): number | undefined {
  const seed = numberIn({ seed: text.trim() === "" ? null : Number(text) }, "seed");
  return seed === null || !Number.isSafeInteger(seed) ? undefined : seed;
}

export type Turn = { role: "user" | "assistant"; content: string };

/** What a next question follows on: questions without an answer, refused or stopped, are left out. */
export function answered(turns: readonly Turn[]): readonly Turn[] {
  return turns.filter(({ role, content }, at) => (role === "user" ? turns[at + 1]?.content : content) !== "");
}
