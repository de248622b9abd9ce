import type uPlot from "uplot";

import type { Palette } from "./palette";
import type { Mark, MarkKind } from "@/lib/run/marks";

const SIZE = 4;

export type Level = { value: number; text: string };

/** What is drawn over the curves. It may change while a plot lives, which reads it whenever it draws. */
export class Overlay {
  marks: readonly Mark[] = [];
  level: Level | null = null;

  set(marks: readonly Mark[], level: Level | null): void {
    this.marks = marks;
    this.level = level;
  }
}

/** Draw a level with its name, such as the zero line of the untuned base. */
export function levelPlugin(palette: Palette, overlay: Overlay): uPlot.Plugin {
  const draw = (plot: uPlot) => {
    const found = overlay.level;
    const { min, max } = plot.scales["y"] ?? {};
    if (found === null || min == null || max == null || found.value < min || found.value > max) {
      return;
    }
    const { ctx, bbox } = plot;
    const y = plot.valToPos(found.value, "y", true);
    ctx.save();
    ctx.strokeStyle = palette.muted;
    ctx.fillStyle = palette.text;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "right";
    const isAtTop = y - bbox.top < 18 * devicePixelRatio;
    const right = bbox.left + bbox.width - 6 * devicePixelRatio;
    const height = 14 * devicePixelRatio;
    const width = ctx.measureText(found.text).width;
    ctx.textBaseline = "middle";
    ctx.fillStyle = palette.background;
    ctx.fillRect(
      right - width - 3 * devicePixelRatio,
      isAtTop ? y + 1 : y - height - 1,
      width + 6 * devicePixelRatio,
      height,
    );
    ctx.fillStyle = palette.text;
    ctx.fillText(found.text, right, isAtTop ? y + height / 2 + 1 : y - height / 2);
    ctx.restore();
  };
  return { hooks: { draw: [draw] } };
}

/** Draw the marks: small ones of checkpoints at the bottom, a line for everything that somebody should see. */
export function marksPlugin(palette: Palette, overlay: Overlay): uPlot.Plugin {
  const draw = (plot: uPlot) => {
    const { min, max } = plot.scales["x"] ?? {};
    if (min == null || max == null) {
      return;
    }
    plot.ctx.save();
    const drawn = new Set<string>();
    for (const mark of overlay.marks) {
      const x = Math.round(plot.valToPos(mark.step, "x", true));
      const place = `${mark.kind} ${x}`;
      if (mark.step >= min && mark.step <= max && !drawn.has(place)) {
        drawn.add(place);
        drawMark(plot, palette, mark.kind, x);
      }
    }
    plot.ctx.restore();
  };
  return { hooks: { draw: [draw] } };
}

/** The colour of a kind of mark. */
export function markColour(palette: Palette, kind: MarkKind): string {
  switch (kind) {
    case "checkpoint":
    case "best":
      return palette.checkpoint;
    case "alert":
      return palette.alert;
    case "resolved":
    case "recovery":
      return palette.recovery;
    case "nonFinite":
      return palette.bad;
  }
}

function drawMark(plot: uPlot, palette: Palette, kind: MarkKind, x: number): void {
  const { ctx, bbox } = plot;
  const size = SIZE * devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  ctx.strokeStyle = markColour(palette, kind);
  ctx.fillStyle = ctx.strokeStyle;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]);
  ctx.beginPath();
  if (kind === "checkpoint" || kind === "best") {
    ctx.moveTo(x, bottom - 2.4 * size);
    ctx.lineTo(x - size, bottom);
    ctx.lineTo(x + size, bottom);
    ctx.closePath();
    if (kind === "best") {
      ctx.fill();
    } else {
      ctx.stroke();
    }
    return;
  }
  ctx.setLineDash(kind === "nonFinite" ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.moveTo(x, bbox.top + 3 * size);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  head(ctx, kind, x, bbox.top + 1.5 * size, size);
}

function head(ctx: CanvasRenderingContext2D, kind: MarkKind, x: number, y: number, size: number): void {
  if (kind === "nonFinite") {
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
    ctx.stroke();
  } else if (kind === "alert") {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.lineTo(x - size, y + size);
    ctx.closePath();
    ctx.fill();
  } else {
    ctx.arc(x, y, size, 0, 2 * Math.PI);
    if (kind === "recovery") {
      ctx.fill();
    } else {
      ctx.stroke();
    }
  }
}
