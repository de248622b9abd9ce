/** Server-sent events, read from text as it comes in pieces. */

export type SseFrame = {
  /** The place in the ledger that the reader has reached with this frame; null for a state. */
  id: string | null;
  name: string;
  data: string;
};

const MOST_CHARACTERS = 16 << 20;

/** Puts pieces together to frames, as the HTML standard says how. */
export class SseReader {
  /** The newest id, also that of a frame without data. */
  lastId: string | null = null;
  private rest = "";
  private id: string | null = null;
  private name = "";
  private data: string[] = [];

  /** Take in a piece, and return the frames that it completes. */
  push(piece: string): SseFrame[] {
    const text = this.rest + piece;
    // A carriage return at the very end may be half of a line's end.
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    if (this.rest.length > MOST_CHARACTERS) {
      throw new RangeError("a frame of the stream is longer than 16 million characters");
    }
    return lines.flatMap((line) => this.take(line));
  }

  private take(line: string): SseFrame[] {
    if (line === "") {
      return this.finish();
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.data.push(value);
    } else if (field === "event") {
      this.name = value;
    } else if (field === "id" && !value.includes("\0")) {
      this.id = value;
    }
    return [];
  }

  private finish(): SseFrame[] {
    const frame = { id: this.id, name: this.name || "message", data: this.data.join("\n") };
    const isFrame = this.data.length > 0;
    this.lastId = this.id ?? this.lastId;
    this.id = null;
    this.name = "";
    this.data = [];
    return isFrame ? [frame] : [];
  }
}
