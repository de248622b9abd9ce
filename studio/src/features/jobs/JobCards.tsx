import { Anchor, Box, Group, Stack, Text } from "@mantine/core";
import { Link } from "react-router";

import { JobProgress } from "./JobProgress";
import { JobLine } from "./JobsTable";
import type { JobContext } from "./useJobs";
import type { Job } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { Duration } from "@/components/Duration";
import { HealthBadge } from "@/components/HealthBadge";
import { RelativeTime } from "@/components/RelativeTime";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/components/useNow";
import { isOver, jobName, statusLabel } from "@/lib/jobs";

/** Jobs below each other, where there is no room for a table. */
export function JobCards({ jobs, names, outlooks }: JobContext & { jobs: readonly Job[] }) {
  const now = useNow();
  return (
    <Stack component="ul" gap={0} m={0} p={0} className="studio-list" aria-label="Jobs">
      {jobs.map((job) => (
        <Box component="li" key={job.id} py="xs">
          <Group justify="space-between" gap={4}>
            <Anchor component={Link} to={`/jobs/${job.id}`} size="sm" fw={600} truncate>
              {jobName(job, names)}
            </Anchor>
            <Group gap={6} wrap="nowrap">
              <HealthBadge verdict={outlooks.get(job.id)?.verdict} />
              <StatusBadge status={job.status} label={statusLabel(job, outlooks.get(job.id), now)} />
            </Group>
          </Group>
          <JobLine job={job} />
          {!isOver(job) && <JobProgress job={job} outlook={outlooks.get(job.id)} />}
          <Group gap="sm" mt={2}>
            <CopyableId value={job.run_id} label="job" />
            <Text size="xs" c="dimmed">
              <RelativeTime at={job.created_at} />
              {job.started_at !== null && (
                <>
                  {" · "}
                  <Duration from={job.started_at} to={job.finished_at} />
                </>
              )}
            </Text>
          </Group>
        </Box>
      ))}
    </Stack>
  );
}
