import { Anchor, Box, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { useCursor } from "./useCursor";
import { type Job, jobsQuery } from "@/api";
import { Duration } from "@/components/Duration";
import { EmptyState } from "@/components/EmptyState";
import { Pager } from "@/components/Pager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/components/useNow";
import { formatMoment } from "@/lib/time";
import { barsOf } from "@/lib/timeline";

const PAGE_SIZE = 10;

/** Runs below each other over one axis of time, the newest first. */
export function Timeline({ projectId }: { projectId: number }) {
  const { before, page, previous, next } = useCursor();
  const jobs = useQuery(
    jobsQuery({
      project_id: projectId,
      top_level: true,
      limit: PAGE_SIZE,
      ...(before === null ? {} : { before_id: before }),
    }),
  );
  return (
    <Panel title="Timeline of runs">
      <QueryView
        query={jobs}
        isEmpty={(found) => found.jobs.length === 0}
        empty={<EmptyState title="Nothing has run yet." command={`brewslm dataset import --project ${projectId} …`} />}
      >
        {(found) => (
          <>
            <Bars jobs={found.jobs} />
            <Pager label={`Page ${page}`} onPrevious={previous} onNext={next(found.next_before_id)} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Bars({ jobs }: { jobs: readonly Job[] }) {
  const now = useNow();
  const bars = barsOf(jobs, now);
  const starts = jobs.flatMap(({ started_at }) => started_at ?? []).sort();
  const ends = jobs
    .flatMap(({ started_at, finished_at }) => (started_at === null ? [] : (finished_at ?? "now")))
    .sort();
  const [from, to] = [starts[0], ends.at(-1)];
  return (
    <>
      <Box component="ul" m={0} p={0} className="studio-list" aria-label="Runs">
        {jobs.map((job, index) => {
          const bar = bars[index] ?? null;
          return (
            <Box component="li" key={job.id} className="studio-run">
              <Group gap={6} wrap="nowrap" justify="space-between">
                <Anchor component={Link} to={`/jobs/${job.id}`} size="sm" className="studio-mono">
                  {job.run_id}
                </Anchor>
                <StatusBadge status={job.status} />
              </Group>
              <div className="studio-track" aria-hidden>
                {bar !== null && (
                  <div data-status={job.status} style={{ marginLeft: `${bar.left}%`, width: `${bar.width}%` }} />
                )}
              </div>
              <Text size="xs" c="dimmed" className="studio-nowrap">
                {job.started_at === null ? (
                  "not started"
                ) : (
                  <>
                    {formatMoment(job.started_at)} · <Duration from={job.started_at} to={job.finished_at} />
                  </>
                )}
              </Text>
            </Box>
          );
        })}
      </Box>
      {from !== undefined && to !== undefined && (
        <Text size="xs" c="dimmed" mt="xs">
          From {formatMoment(from)} to {to === "now" ? "now" : formatMoment(to)}.
        </Text>
      )}
    </>
  );
}
