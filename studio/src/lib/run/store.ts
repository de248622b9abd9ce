/** One job, followed for as long as somebody looks: a snapshot, then the stream, and changes told once a picture. */
import { type RunFrame, type RunState, type Snapshot, stateOf, withFrames, withSnapshot } from "./state";
import { parseObject } from "@/lib/json";
import { Follower, type Link, type Surroundings } from "@/lib/stream/follower";

/** More frames than this are taken in at once, without waiting for the next picture. */
const MOST_WAITING = 2_000;
/** More than this are not kept for a snapshot that does not come; another one is asked for. */
const MOST_KEPT = 20_000;
const AGAIN_MS = 2_000;
/** While the stream is interrupted, the page asks. */
const POLL_MS = 5_000;

export type RunView = { run: RunState; link: Link };

export type RunSources = {
  url: string;
  load: (signal: AbortSignal) => Promise<Snapshot>;
  /** Calls back when it is time to draw; returns how to stop that. */
  schedule: (callback: () => void) => () => void;
  surroundings?: Surroundings;
};

export class RunStore {
  private view: RunView;
  private waiting: RunFrame[] = [];
  private readonly listeners = new Set<() => void>();
  private follower: Follower | null = null;
  private loading: AbortController | null = null;
  private unschedule: (() => void) | null = null;
  private again: ReturnType<typeof setTimeout> | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;

  constructor(
    jobId: number,
    private readonly sources: RunSources,
  ) {
    this.view = { run: stateOf(jobId), link: "connecting" };
  }

  readonly get = (): RunView => this.view;

  /** Follow while there is a listener. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.follower === null) {
      this.open();
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) {
        this.close();
      }
    };
  };

  private open(): void {
    this.follower = new Follower(
      this.sources.url,
      {
        onFrame: ({ name, data }) => {
          const body = parseObject(data);
          if (body !== null) {
            this.take({ name, data: body });
          }
        },
        onLink: (link) => {
          this.change({ ...this.view, link });
          clearInterval(this.poll);
          if (link === "interrupted") {
            this.poll = setInterval(() => void this.load(), POLL_MS);
          }
        },
        onFresh: () => {
          this.waiting = [];
          void this.load();
        },
      },
      this.sources.surroundings,
    );
  }

  private close(): void {
    this.follower?.close();
    this.follower = null;
    this.loading?.abort();
    this.loading = null;
    this.unschedule?.();
    this.unschedule = null;
    clearTimeout(this.again);
    clearInterval(this.poll);
  }

  private async load(): Promise<void> {
    this.loading?.abort();
    clearTimeout(this.again);
    const loading = new AbortController();
    this.loading = loading;
    try {
      const snapshot = await this.sources.load(loading.signal);
      if (this.loading === loading) {
        this.loading = null;
        this.change({ ...this.view, run: withSnapshot(this.view.run, snapshot) });
        this.flush();
      }
    } catch {
      if (this.loading === loading) {
        this.again = setTimeout(() => void this.load(), AGAIN_MS);
      }
    }
  }

  private take(frame: RunFrame): void {
    this.waiting.push(frame);
    if (this.loading !== null) {
      if (this.waiting.length > MOST_KEPT) {
        this.waiting = [];
        void this.load();
      }
      return;
    }
    if (frame.name === "end" || this.waiting.length > MOST_WAITING) {
      this.flush();
    } else {
      this.unschedule ??= this.sources.schedule(() => {
        this.flush();
      });
    }
  }

  private flush(): void {
    this.unschedule?.();
    this.unschedule = null;
    const frames = this.waiting;
    this.waiting = [];
    if (frames.length > 0) {
      this.change({ ...this.view, run: withFrames(this.view.run, frames) });
    }
  }

  private change(view: RunView): void {
    this.view = view;
    for (const listener of this.listeners) {
      listener();
    }
  }
}
