import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { useCursor } from "./useCursor";
import { type Job, jobsQuery, type ReasonFacts, reasonsQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Pager } from "@/components/Pager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";

const PAGE_SIZE = 10;

/** What failed, the last first, each with its reason and the next step. */
export function Failures({ projectId }: { projectId: number }) {
  const { before, page, previous, next } = useCursor();
  const reasons = useQuery(reasonsQuery());
  const failures = useQuery(
    jobsQuery({
      project_id: projectId,
      status: ["failed"],
      top_level: true,
      sort: "finished",
      limit: PAGE_SIZE,
      ...(before === null ? {} : { before_id: before }),
    }),
  );
  return (
    <Panel title="Failures">
      <QueryView
        query={failures}
        lines={2}
        isEmpty={(found) => found.jobs.length === 0}
        empty={<EmptyState title="Nothing has failed." />}
      >
        {(found) => (
          <>
            <Stack component="ul" gap={0} m={0} p={0} className="studio-list" aria-label="Failures">
              {found.jobs.map((job) => (
                <Failure key={job.id} job={job} facts={reasons.data?.find(({ reason }) => reason === job.reason)} />
              ))}
            </Stack>
            <Pager label={`Page ${page}`} onPrevious={previous} onNext={next(found.next_before_id)} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Failure({ job, facts }: { job: Job; facts: ReasonFacts | undefined }) {
  return (
    <li className="studio-row studio-wrap">
      <Group gap="sm">
        <Anchor component={Link} to={`/jobs/${job.id}`} size="sm" className="studio-mono">
          {job.run_id}
        </Anchor>
        <Text size="xs" c="dimmed">
          {job.reason !== null && <span className="studio-mono">{job.reason}</span>}
          {job.finished_at !== null && (
            <>
              {" · "}
              <RelativeTime at={job.finished_at} />
            </>
          )}
        </Text>
      </Group>
      <Text size="sm">{job.error ?? "No error was recorded."}</Text>
      {facts !== undefined && (
        <Text size="sm" c="dimmed">
          {facts.meaning} Next: {facts.next_step}
        </Text>
      )}
    </li>
  );
}
