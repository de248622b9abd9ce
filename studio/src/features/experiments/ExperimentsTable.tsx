import { Anchor, Checkbox, Table, Text, VisuallyHidden } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { ApiError, type Experiment, jobQuery, POLL_MS, resultsQuery } from "@/api";
import { RowsPager } from "@/components/RowsPager";
import { RelativeTime } from "@/components/RelativeTime";
import { ScrollTable } from "@/components/ScrollTable";
import { StatusBadge } from "@/components/StatusBadge";
import { enclosed } from "@/lib/bidi";
import { experimentName, MOST_COMPARED } from "@/lib/experiments";
import { isOver } from "@/lib/jobs";
import { formatInterval, formatMeasured } from "@/lib/figures";
import { formatDelta } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";

const PAGE_SIZE = 20;
const HEAD = [
  <VisuallyHidden key="compare">Compare</VisuallyHidden>,
  "Experiment",
  "Status",
  "Base model and method",
  "Eval loss, base → tuned",
  "Tuned − base, 95 % interval",
  "Best step",
  "Time",
  "Created",
];

type ExperimentsTableProps = {
  /** The newest first. */
  experiments: readonly Experiment[];
  chosen: readonly number[];
  onChoose: (ids: readonly number[]) => void;
};

/** One row each; only those of the page that is shown are asked for. */
export function ExperimentsTable({ experiments, chosen, onChoose }: ExperimentsTableProps) {
  const [start, setStart] = useState(0);
  const end = Math.min(start + PAGE_SIZE, experiments.length);
  return (
    <>
      <ScrollTable label="Table of experiments" minWidth={980} head={HEAD}>
        {experiments.slice(start, end).map((experiment) => {
          const isChosen = chosen.includes(experiment.id);
          return (
            <Row
              key={experiment.id}
              experiment={experiment}
              isChosen={isChosen}
              isFull={!isChosen && chosen.length >= MOST_COMPARED}
              onChoose={() =>
                onChoose(isChosen ? chosen.filter((id) => id !== experiment.id) : [...chosen, experiment.id])
              }
            />
          );
        })}
      </ScrollTable>
      <RowsPager start={start} shown={end - start} total={experiments.length} size={PAGE_SIZE} onMove={setStart} />
    </>
  );
}

type RowProps = { experiment: Experiment; isChosen: boolean; isFull: boolean; onChoose: () => void };

function Row({ experiment, isChosen, isFull, onChoose }: RowProps) {
  const job = useQuery({
    ...jobQuery(experiment.job_id),
    refetchInterval: ({ state }) => (state.data !== undefined && isOver(state.data) ? false : POLL_MS),
  });
  const isDone = job.data !== undefined && isOver(job.data);
  const results = useQuery({ ...resultsQuery(experiment.job_id), enabled: isDone });
  const found = results.data;
  const delta = found?.deltas["eval"]?.["loss"] ?? null;
  const name = experimentName(experiment.id);
  const absent = absence(isDone, results.error);
  return (
    <Table.Tr>
      <Table.Td w={36}>
        <Checkbox
          size="xs"
          aria-label={`Compare ${name}`}
          checked={isChosen}
          disabled={isFull}
          title={isFull ? `At most ${MOST_COMPARED} at once` : undefined}
          onChange={onChoose}
        />
      </Table.Td>
      <Table.Td>
        <Anchor component={Link} to={`/jobs/${experiment.job_id}`} size="sm" className="studio-mono">
          {name}
        </Anchor>
      </Table.Td>
      <Table.Td>{job.data !== undefined && <StatusBadge status={job.data.status} />}</Table.Td>
      <Table.Td className="studio-wrap">
        {found === undefined ? (
          <Text size="sm" c="dimmed">
            {absent}
          </Text>
        ) : (
          `${enclosed(found.base_model)}, ${found.mode} ${found.method}`
        )}
      </Table.Td>
      <Table.Td>
        {found !== undefined &&
          `${formatMeasured(found.baselines["eval"]?.["loss"])} → ${formatMeasured(found.metrics["eval"]?.["loss"])}`}
      </Table.Td>
      <Table.Td className="studio-nowrap">
        {found !== undefined &&
          (delta === null ? "not measured" : `${formatDelta(delta.value)}  [${formatInterval(delta)}]`)}
      </Table.Td>
      <Table.Td>{found !== undefined && `${found.best_step} of ${found.total_steps}`}</Table.Td>
      <Table.Td className="studio-nowrap">
        {found !== undefined && formatDuration(3600 * found.training_time_hours)}
      </Table.Td>
      <Table.Td className="studio-nowrap">
        <RelativeTime at={experiment.created_at} />
      </Table.Td>
    </Table.Tr>
  );
}

function absence(isDone: boolean, error: Error | null): string {
  if (!isDone) {
    return "Results come with the end of the training.";
  }
  return error instanceof ApiError ? error.message : "";
}
