import { Alert, Anchor, Group, Progress, Text } from "@mantine/core";
import { Link } from "react-router";

import type { Job } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Said } from "@/components/Said";
import { StatusBadge } from "@/components/StatusBadge";
import { isOver } from "@/lib/jobs";

type WorkNoticeProps = { job: Job | null; error?: Error | null; done?: string };

/** How a piece of work stands that this page asked for: waiting, at work, failed with its reason, or done. */
export function WorkNotice({ job, error = null, done }: WorkNoticeProps) {
  if (error !== null) {
    return <ErrorNotice error={error} title="It was not started" />;
  }
  if (job === null) {
    return null;
  }
  if (job.status === "failed" || job.status === "cancelled") {
    return (
      <Alert color="red" variant="outline" role="alert" title={job.status === "failed" ? "It failed" : "Cancelled"}>
        <Text size="sm" className="studio-wrap">
          <Said>{job.error ?? "It was cancelled before it ended."}</Said> <JobLink job={job} />
        </Text>
      </Alert>
    );
  }
  if (!isOver(job)) {
    return (
      <div role="status">
        <Group gap="xs" mb={4}>
          <StatusBadge status={job.status} />
          <Text size="sm">{job.waiting_reason ?? (job.message === "" ? "At work" : job.message)}</Text>
          <JobLink job={job} />
        </Group>
        <Progress value={job.fraction * 100} aria-label="Progress" size="sm" />
      </div>
    );
  }
  return done === undefined ? null : (
    <Text size="sm" role="status">
      {done} <JobLink job={job} />
    </Text>
  );
}

function JobLink({ job }: { job: Job }) {
  return (
    <Anchor component={Link} to={`/jobs/${job.id}`} underline="always" inherit>
      job {job.id}
    </Anchor>
  );
}
