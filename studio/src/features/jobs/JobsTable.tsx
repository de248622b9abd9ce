import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "react-router";

import { JobProgress } from "./JobProgress";
import type { JobContext } from "./useJobs";
import type { Job } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { Duration } from "@/components/Duration";
import { HealthBadge } from "@/components/HealthBadge";
import { RelativeTime } from "@/components/RelativeTime";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/components/useNow";
import { isOver, jobName, statusLabel } from "@/lib/jobs";

type JobsProps = JobContext & { jobs: readonly Job[] };

/** Jobs as a table, one row each. */
export function JobsTable({ jobs, names, outlooks }: JobsProps) {
  const now = useNow();
  return (
    <Table aria-label="Jobs" verticalSpacing="xs" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={130}>Status</Table.Th>
          <Table.Th>Name</Table.Th>
          <Table.Th w={190}>Progress</Table.Th>
          <Table.Th w={110}>Health</Table.Th>
          <Table.Th w={110}>Duration</Table.Th>
          <Table.Th w={110}>Created</Table.Th>
          <Table.Th w={150}>Id</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {jobs.map((job) => (
          <Table.Tr key={job.id}>
            <Table.Td>
              <StatusBadge status={job.status} label={statusLabel(job, outlooks.get(job.id), now)} />
            </Table.Td>
            <Table.Td>
              <Anchor component={Link} to={`/jobs/${job.id}`} size="sm" fw={600}>
                {jobName(job, names)}
              </Anchor>
              <JobLine job={job} />
            </Table.Td>
            <Table.Td>
              <JobProgress job={job} outlook={outlooks.get(job.id)} />
            </Table.Td>
            <Table.Td>
              <HealthBadge verdict={outlooks.get(job.id)?.verdict} />
            </Table.Td>
            <Table.Td>
              {job.started_at === null ? "–" : <Duration from={job.started_at} to={job.finished_at} />}
            </Table.Td>
            <Table.Td>
              <RelativeTime at={job.created_at} />
            </Table.Td>
            <Table.Td>
              <CopyableId value={job.run_id} label="job" />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** What a job says of itself, or why it waits or failed. */
export function JobLine({ job }: { job: Job }) {
  const line = job.error ?? (isOver(job) ? "" : (job.question?.what ?? job.waiting_reason ?? job.message));
  if (line === "") {
    return null;
  }
  return (
    <Text size="xs" c={job.status === "failed" ? "var(--mantine-color-error)" : "dimmed"} lineClamp={2} maw={460}>
      {line}
    </Text>
  );
}
