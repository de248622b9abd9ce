/**
 * Follows a live stream for as long as a page wants to: resumes where it was, and tells when it cannot.
 *
 * It reads with `fetch`, not with `EventSource`, because it must see answers as such (204: it is over, 404: there is no
 * such job), choose where to begin again, notice a connection that has gone silent, and let go of one of the six
 * connections of a browser while nobody looks.
 */
import { type SseFrame, SseReader } from "./sse";

/** `resting`: nobody looks at the page; `refused`: the server will not give the stream, and asking again is no use. */
export type Link = "connecting" | "live" | "interrupted" | "resting" | "ended" | "refused";

export type Listener = {
  onFrame: (frame: SseFrame) => void;
  onLink: (link: Link) => void;
  /** What was seen may have gaps now, or be of another ledger: read all anew. Frames follow from the present on. */
  onFresh: () => void;
};

/** What of a browser is used, so that tests need none. */
export type Surroundings = {
  fetch: typeof fetch;
  isHidden: () => boolean;
  /** Call back when somebody may look again, or no longer, or the network is back; return how to stop that. */
  onNotice: (callback: () => void) => () => void;
};

/** The server sends a sign of life every 15 s. */
const SILENCE_MS = 40_000;
const REST_AFTER_MS = 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export class Follower {
  private lastId: string | null = null;
  private link: Link = "connecting";
  private request: AbortController | null = null;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT_MS;
  private readonly forget: () => void;

  /** Begin to follow `url` from the present on. */
  constructor(
    private readonly url: string,
    private readonly listener: Listener,
    private readonly surroundings: Surroundings = browser,
  ) {
    this.forget = surroundings.onNotice(() => {
      this.notice();
    });
    listener.onLink(this.link);
    void this.connect();
    this.notice();
  }

  /** Let go of everything. */
  close(): void {
    this.forget();
    this.disconnect();
    clearTimeout(this.rest);
  }

  private get isOver(): boolean {
    return this.link === "ended" || this.link === "refused";
  }

  private notice(): void {
    clearTimeout(this.rest);
    if (this.isOver) {
      return;
    }
    if (this.surroundings.isHidden()) {
      this.rest = setTimeout(() => {
        this.disconnect();
        this.say("resting");
      }, REST_AFTER_MS);
    } else if (this.link === "resting" || this.link === "interrupted") {
      this.lastId = this.link === "resting" ? null : this.lastId;
      this.wait = FIRST_WAIT_MS;
      this.reconnect();
    }
  }

  private reconnect(): void {
    this.disconnect();
    void this.connect();
  }

  private disconnect(): void {
    clearTimeout(this.again);
    clearTimeout(this.silence);
    this.request?.abort();
    this.request = null;
  }

  private async connect(): Promise<void> {
    const request = new AbortController();
    this.request = request;
    const isFresh = this.lastId === null;
    try {
      this.listen();
      const response = await this.surroundings.fetch(isFresh ? `${this.url}?after=now` : this.url, {
        signal: request.signal,
        cache: "no-store",
        headers: { Accept: "text/event-stream", ...(this.lastId === null ? {} : { "Last-Event-ID": this.lastId }) },
      });
      if (this.request !== request) {
        return;
      }
      if (isFresh && response.ok) {
        this.listener.onFresh();
      }
      if (this.isFinal(response) || !response.ok || response.body === null) {
        await response.body?.cancel();
      } else {
        await this.read(response.body, request, isFresh);
      }
    } catch {
      // The network, or a server that has gone: the same as an end before its time.
    }
    if (this.request === request) {
      this.retry();
    }
  }

  private isFinal(response: Response): boolean {
    if (response.status === 204) {
      this.finish("ended");
    } else if (response.status === 404 || response.status === 422) {
      this.finish("refused");
    }
    return this.isOver;
  }

  private async read(body: ReadableStream<Uint8Array>, request: AbortController, isFresh: boolean): Promise<void> {
    const frames = new SseReader();
    const decoder = new TextDecoder();
    const source = body.getReader();
    let isFirst = !isFresh;
    for (;;) {
      const { done, value } = await source.read();
      if (done || this.request !== request) {
        return;
      }
      this.listen();
      for (const frame of frames.push(decoder.decode(value, { stream: true }))) {
        if (isFirst && frame.name === "resync") {
          // Its place was of another ledger: what it has is worth nothing.
          this.lastId = null;
          this.reconnect();
          return;
        }
        isFirst = false;
        this.take(frame);
      }
      this.lastId = frames.lastId ?? this.lastId;
      this.wait = FIRST_WAIT_MS;
      if (!this.isOver) {
        this.say("live");
      }
    }
  }

  private take(frame: SseFrame): void {
    if (frame.name === "resync") {
      return;
    }
    this.listener.onFrame(frame);
    if (frame.name === "end") {
      this.finish("ended");
    }
  }

  private finish(link: "ended" | "refused"): void {
    this.say(link);
    this.close();
  }

  private retry(): void {
    this.disconnect();
    this.say("interrupted");
    this.again = setTimeout(() => void this.connect(), this.wait * (0.5 + Math.random()));
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.retry();
    }, SILENCE_MS);
  }

  private say(link: Link): void {
    if (link !== this.link) {
      this.link = link;
      this.listener.onLink(link);
    }
  }
}

const browser: Surroundings = {
  fetch: (...asked) => fetch(...asked),
  isHidden: () => document.hidden,
  onNotice: (callback) => {
    document.addEventListener("visibilitychange", callback);
    window.addEventListener("online", callback);
    return () => {
      document.removeEventListener("visibilitychange", callback);
      window.removeEventListener("online", callback);
    };
  },
};
