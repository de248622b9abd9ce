/** A server for tests, whose answers are written down: what it is asked, and when it sends what. */
import type { Surroundings } from "./follower";

type Stream = { send: (text: string) => void; cut: () => void; close: () => void };

export class ScriptedServer implements Surroundings {
  /** The streams that were asked for, with what was asked. */
  readonly asked: { url: string; lastId: string | null; stream: Stream; signal: AbortSignal | null }[] = [];
  /** What the next requests are answered with instead of a stream: a status, or no answer at all. */
  answers: (number | "nothing")[] = [];
  isPageHidden = false;
  private callback: (() => void) | null = null;

  readonly isHidden = () => this.isPageHidden;

  readonly onNotice = (callback: () => void) => {
    this.callback = callback;
    return () => {
      this.callback = null;
    };
  };

  /** Hide the page, or show it. */
  hide(isHidden: boolean): void {
    this.isPageHidden = isHidden;
    this.callback?.();
  }

  /** The stream that was asked for last. */
  get stream(): Stream {
    const last = this.asked.at(-1);
    if (last === undefined) {
      throw new Error("nothing was asked for");
    }
    return last.stream;
  }

  readonly fetch: typeof fetch = (url, init) => {
    const answer = this.answers.shift();
    if (answer === "nothing") {
      return Promise.reject(new TypeError("no answer"));
    }
    if (answer !== undefined) {
      return Promise.resolve(new Response(null, { status: answer }));
    }
    const coder = new TextEncoder();
    const parts: { control?: ReadableStreamDefaultController<Uint8Array> } = {};
    const body = new ReadableStream<Uint8Array>({
      start: (control) => {
        parts.control = control;
      },
    });
    const signal = init?.signal ?? null;
    signal?.addEventListener("abort", () => {
      parts.control?.error(new DOMException("aborted", "AbortError"));
    });
    this.asked.push({
      url: String(url),
      lastId: new Headers(init?.headers).get("Last-Event-ID"),
      signal,
      stream: {
        send: (text) => {
          if (!signal?.aborted) {
            parts.control?.enqueue(coder.encode(text));
          }
        },
        cut: () => parts.control?.error(new TypeError("the connection was cut")),
        close: () => parts.control?.close(),
      },
    });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  };
}

/** One frame as it travels. */
export function frame(id: string | null, name: string, data: object): string {
  return `${id === null ? "" : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
