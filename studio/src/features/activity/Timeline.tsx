import { Anchor, Box, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import type { EventQuery } from "./choice";
import { timelineQuery } from "./queries";
import { useCursor } from "./useCursor";
import type { RunNode } from "@/api";
import { Duration } from "@/components/Duration";
import { EmptyState } from "@/components/EmptyState";
import { Pager } from "@/components/Pager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/components/useNow";
import { formatMoment } from "@/lib/time";
import { type Bar, barsOf, numBelow, rowsOf, type TimelineRow } from "@/lib/timeline";

const PAGE_SIZE = 10;

/** Runs below each other over one axis of time, the newest first; each opens to its steps and recoveries. */
export function Timeline({ projectId, query }: { projectId: number; query: EventQuery }) {
  const { before, page, previous, next } = useCursor(query);
  const timeline = useQuery(timelineQuery(projectId, query, before, PAGE_SIZE));
  return (
    <Panel title="Timeline of runs">
      <QueryView
        query={timeline}
        isEmpty={(found) => found.runs.length === 0}
        empty={
          Object.keys(query).length > 0 ? (
            <EmptyState title="No run has such an event." />
          ) : (
            <EmptyState title="Nothing has run yet." command={`brewslm dataset import --project ${projectId} …`} />
          )
        }
      >
        {(found) => (
          <>
            <Runs runs={found.runs} />
            <Pager label={`Page ${page}`} onPrevious={previous} onNext={next(found.next_before)} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Runs({ runs }: { runs: readonly RunNode[] }) {
  const now = useNow();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (runId: string) => {
    const others = [...open].filter((one) => one !== runId);
    setOpen(new Set(open.has(runId) ? others : [...others, runId]));
  };
  const rows = runs.flatMap((run) => rowsOf(run, open.has(run.run_id)));
  const bars = barsOf(rows, now);
  const below = new Map(runs.map((run) => [run.run_id, numBelow(run)]));
  const starts = rows.flatMap(({ started_at }) => started_at ?? []).sort();
  const ends = rows
    .flatMap(({ started_at, finished_at }) => (started_at === null ? [] : (finished_at ?? "now")))
    .sort();
  const [from, to] = [starts[0], ends.at(-1)];
  return (
    <>
      <Box component="ul" m={0} p={0} className="studio-list" aria-label="Runs">
        {rows.map((row, index) => (
          <Row
            key={row.key}
            row={row}
            bar={bars[index] ?? null}
            numBelow={row.depth === 0 ? (below.get(row.key) ?? 0) : 0}
            isOpen={open.has(row.key)}
            onToggle={() => toggle(row.key)}
          />
        ))}
      </Box>
      {from !== undefined && to !== undefined && (
        <Text size="xs" c="dimmed" mt="xs">
          From {formatMoment(from)} to {to === "now" ? "now" : formatMoment(to)}.
        </Text>
      )}
    </>
  );
}

type RowProps = { row: TimelineRow; bar: Bar | null; numBelow: number; isOpen: boolean; onToggle: () => void };

function Row({ row, bar, numBelow, isOpen, onToggle }: RowProps) {
  const steps = numBelow === 1 ? "1 step" : `${numBelow} steps`;
  const label = isOpen ? `Hide ${steps}` : steps;
  return (
    <Box component="li" className="studio-run">
      <Group gap={6} wrap="nowrap" justify="space-between" pl={`${row.depth}rem`}>
        {row.jobId === null ? (
          <Text size="sm">{row.name}</Text>
        ) : (
          <Anchor component={Link} to={`/jobs/${row.jobId}`} size="sm" className="studio-mono">
            {row.name}
          </Anchor>
        )}
        {row.status !== null && <StatusBadge status={row.status} />}
      </Group>
      {row.note === null ? (
        <div className="studio-track" aria-hidden>
          {bar !== null && (
            <div data-status={row.status} style={{ marginLeft: `${bar.left}%`, width: `${bar.width}%` }} />
          )}
        </div>
      ) : (
        <Text size="xs">{row.note}</Text>
      )}
      <Group gap="xs" wrap="nowrap" justify="space-between">
        <Text size="xs" c="dimmed" className="studio-nowrap">
          {row.started_at === null ? (
            "not started"
          ) : (
            <>
              {formatMoment(row.started_at)} · <Duration from={row.started_at} to={row.finished_at} />
            </>
          )}
        </Text>
        {numBelow > 0 && (
          <Button
            size="compact-xs"
            variant="subtle"
            miw="max-content"
            aria-expanded={isOpen}
            aria-label={`${label} of ${row.name}`}
            onClick={onToggle}
          >
            {label}
          </Button>
        )}
      </Group>
    </Box>
  );
}
