import { Group, Text } from "@mantine/core";

import { markColour } from "./marks";
import type { Palette } from "./palette";
import type { Mark, MarkKind } from "@/lib/run/marks";
import type { Column, Layout } from "@/lib/series/layout";

type LegendProps = { isDelta: boolean; isSmooth: boolean; layout: Layout; marks: readonly Mark[]; palette: Palette };

const MARKS: Readonly<Record<MarkKind, { sign: string; name: string }>> = {
  checkpoint: { sign: "△", name: "checkpoint" },
  best: { sign: "▲", name: "best checkpoint" },
  alert: { sign: "▲", name: "alert" },
  resolved: { sign: "○", name: "over" },
  recovery: { sign: "●", name: "recovery" },
  nonFinite: { sign: "✕", name: "no number" },
};

/** What the lines and marks are; only those that are there. */
export function Legend({ isDelta, isSmooth, layout, marks, palette }: LegendProps) {
  const kinds = new Set(marks.map((mark) => mark.kind));
  return (
    <Group gap="md" style={{ rowGap: 2 }}>
      {isDelta && has(layout.train) && (
        <Line
          colour={palette.train}
          width={2}
          name={`train${isSmooth ? ", smoothed" : ""}, less the base's eval loss`}
        />
      )}
      {isDelta && has(layout.paired) && <Ring colour={palette.train} name="train − base on the same batch" />}
      {!isDelta && <Line colour={palette.train} width={2} name={isSmooth ? "train, smoothed" : "train"} />}
      {has(layout.evals) && (
        <Line
          colour={palette.evals}
          width={2.5}
          isDashed
          name={isDelta && has(layout.low) ? "eval, with 95 % interval" : "eval"}
        />
      )}
      {has(layout.abandoned) && <Line colour={palette.muted} width={1.5} isDashed name="made again after a recovery" />}
      {[...kinds].map((kind) => (
        <Group key={kind} gap={4} wrap="nowrap">
          <span aria-hidden style={{ color: markColour(palette, kind) }}>
            {MARKS[kind].sign}
          </span>
          <Text size="xs">{MARKS[kind].name}</Text>
        </Group>
      ))}
    </Group>
  );
}

function Ring({ colour, name }: { colour: string; name: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <svg width={12} height={12} aria-hidden>
        <circle cx={6} cy={6} r={4} fill="none" stroke={colour} strokeWidth={2} />
      </svg>
      <Text size="xs">{name}</Text>
    </Group>
  );
}

type LineProps = { colour: string; width: number; name: string; isDashed?: boolean };

function Line({ colour, width, name, isDashed = false }: LineProps) {
  return (
    <Group gap={6} wrap="nowrap">
      <svg width={22} height={8} aria-hidden>
        <line
          x1={0}
          x2={22}
          y1={4}
          y2={4}
          stroke={colour}
          strokeWidth={width}
          strokeDasharray={isDashed ? "6 3" : undefined}
        />
      </svg>
      <Text size="xs">{name}</Text>
    </Group>
  );
}

function has(column: Column): boolean {
  return column.some((value) => typeof value === "number");
}
