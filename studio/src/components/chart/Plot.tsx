import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { PlotGroup } from "./plotGroup";

export type PlotOptions = Omit<uPlot.Options, "width" | "height">;

type PlotProps = {
  /** Made anew only when what is drawn is another thing; its identity decides. */
  options: PlotOptions;
  data: uPlot.AlignedData;
  height: number;
  label: string;
  group: PlotGroup;
  onReady?: (plot: uPlot | null) => void;
};

/** A plot of the group: it follows its width, its data, and what the group shows. */
export function Plot({ options, data, height, label, group, onReady }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const newest = useRef(data);

  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return undefined;
    }
    const made = new uPlot({ ...options, width: Math.max(element.clientWidth, 120), height }, newest.current, element);
    plot.current = made;
    onReady?.(made);
    group.refit(made);
    const leave = group.add(made);
    const stopHands = hands(made, element, group);
    const watcher = new ResizeObserver(() => {
      made.setSize({ width: Math.max(element.clientWidth, 120), height });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      stopHands();
      leave();
      onReady?.(null);
      made.destroy();
      plot.current = null;
    };
  }, [options, height, group, onReady]);

  useEffect(() => {
    newest.current = data;
    if (plot.current !== null && plot.current.data !== data) {
      plot.current.setData(data, false);
      group.refit(plot.current);
    }
  }, [data, group]);

  return <div ref={place} className="studio-plot" role="img" aria-label={label} tabIndex={0} />;
}

const KEYS: Readonly<Record<string, (group: PlotGroup, plot: uPlot, middle: number) => void>> = {
  "+": (group, plot, middle) => group.zoom(plot, 1, middle),
  "=": (group, plot, middle) => group.zoom(plot, 1, middle),
  "-": (group, plot, middle) => group.zoom(plot, -1, middle),
  "0": (group) => group.show(null),
  ArrowLeft: (group, plot) => group.pan(plot, -0.2),
  ArrowRight: (group, plot) => group.pan(plot, 0.2),
};

/** Zoom by the wheel with Ctrl or ⌘ (as a pinch sends it), and by keys. */
function hands(plot: uPlot, element: HTMLElement, group: PlotGroup): () => void {
  const wheel = (event: WheelEvent) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      group.zoom(plot, -event.deltaY, plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x"));
    }
  };
  const key = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
    if (act !== undefined) {
      event.preventDefault();
      const { min = 0, max = 1 } = plot.scales["x"] ?? {};
      act(group, plot, ((min ?? 0) + (max ?? 1)) / 2);
    }
  };
  plot.over.addEventListener("wheel", wheel, { passive: false });
  element.addEventListener("keydown", key);
  return () => {
    plot.over.removeEventListener("wheel", wheel);
    element.removeEventListener("keydown", key);
  };
}
