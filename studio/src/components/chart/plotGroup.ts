import type uPlot from "uplot";

export type StepRange = { from: number; to: number };

/** What of a plot is needed here. */
type Plot = Pick<uPlot, "data" | "setScale">;

const SETTLE_MS = 160;
const ZOOM = 0.8;

/**
 * Plots over the same steps: what one shows of them, all show. Nothing of React moves while a reader zooms.
 *
 * The plot under the reader's hand moves with every picture, and of the others one, in turn: so all are there after a
 * few pictures, and none costs the hand its smoothness.
 */
export class PlotGroup {
  private readonly plots = new Set<Plot>();
  /** Those that do not show yet what they should; who has waited longest is first. */
  private readonly due = new Set<Plot>();
  private lead: Plot | null = null;
  private shown: StepRange | null = null;
  private settle: ReturnType<typeof setTimeout> | undefined;
  private frame: number | null = null;

  /** `onSettle` is told what is shown once it does not change any more; null is everything. */
  constructor(private readonly onSettle: (range: StepRange | null) => void) {}

  get range(): StepRange | null {
    return this.shown;
  }

  add(plot: Plot): () => void {
    this.plots.add(plot);
    return () => {
      this.plots.delete(plot);
      this.due.delete(plot);
    };
  }

  /** Show a part of the steps, or everything. */
  show(range: StepRange | null): void {
    this.shown = range;
    for (const plot of this.plots) {
      this.due.add(plot);
    }
    this.frame ??= requestAnimationFrame(this.draw);
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      this.onSettle(this.shown);
    }, SETTLE_MS);
  }

  /** Zoom in (`sense` > 0) or out around a step. */
  zoom(plot: Plot, sense: number, around: number): void {
    this.lead = plot;
    const whole = wholeOf(plot);
    const now = this.shown ?? whole;
    const factor = sense > 0 ? ZOOM : 1 / ZOOM;
    const width = (now.to - now.from) * factor;
    if (width >= whole.to - whole.from) {
      this.show(null);
    } else if (width > 1e-9) {
      this.showWithin(whole, around - (around - now.from) * factor, width);
    }
  }

  /** Go along the steps by a share of what is shown. */
  pan(plot: Plot, share: number): void {
    this.lead = plot;
    if (this.shown !== null) {
      const width = this.shown.to - this.shown.from;
      this.showWithin(wholeOf(plot), this.shown.from + share * width, width);
    }
  }

  /** Take in that a plot has new data. */
  refit(plot: Plot): void {
    this.due.delete(plot);
    fit(plot, this.shown);
  }

  /** Forget what was to be told and drawn. */
  stop(): void {
    clearTimeout(this.settle);
    if (this.frame !== null) {
      cancelAnimationFrame(this.frame);
      this.frame = null;
    }
  }

  private readonly draw = (): void => {
    const [first] = this.due;
    const lead = this.lead !== null && this.due.has(this.lead) ? this.lead : first;
    const next = [...this.due].find((plot) => plot !== lead);
    for (const plot of [lead, next]) {
      if (plot !== undefined) {
        this.refit(plot);
      }
    }
    this.frame = this.due.size > 0 ? requestAnimationFrame(this.draw) : null;
  };

  private showWithin(whole: StepRange, from: number, width: number): void {
    const begin = Math.max(whole.from, Math.min(from, whole.to - width));
    this.show({ from: begin, to: begin + width });
  }
}

function wholeOf(plot: Plot): StepRange {
  const steps = plot.data[0];
  return { from: steps[0] ?? 0, to: steps.at(-1) ?? 1 };
}

function fit(plot: Plot, range: StepRange | null): void {
  const { from, to } = range ?? wholeOf(plot);
  const margin = from === to ? 1 : 0;
  plot.setScale("x", { min: from - margin, max: to + margin });
}
