import { Progress, Text } from "@mantine/core";

import type { Job, Outlook } from "@/api";
import { progressText } from "@/lib/jobs";

/** How far a job is, and how long it will go on. */
export function JobProgress({ job, outlook }: { job: Job; outlook: Outlook | undefined }) {
  return (
    <div>
      <Progress
        value={job.fraction * 100}
        size="sm"
        color={job.status === "failed" ? "red" : job.status === "cancelled" ? "gray" : undefined}
        aria-label={`Progress of job ${job.id}`}
      />
      <Text size="xs" c="dimmed" mt={2}>
        {progressText(job, outlook)}
      </Text>
    </div>
  );
}
