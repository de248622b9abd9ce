import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { failuresQuery } from "./queries";
import { useCursor } from "./useCursor";
import type { FailureCluster } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Pager } from "@/components/Pager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { jobOfRun } from "@/lib/ids";
import { formatCount } from "@/lib/numbers";

const PAGE_SIZE = 10;

/** What failed, by its cause, the last first: how often, one example, and the next step. */
export function Failures({ projectId }: { projectId: number }) {
  const { before, page, previous, next } = useCursor();
  const failures = useQuery(failuresQuery(projectId, before, PAGE_SIZE));
  return (
    <Panel title="Failures by cause">
      <QueryView
        query={failures}
        lines={2}
        isEmpty={(found) => found.clusters.length === 0}
        empty={<EmptyState title="Nothing has failed." />}
      >
        {(found) => (
          <>
            <Stack component="ul" gap={0} m={0} p={0} className="studio-list" aria-label="Failures">
              {found.clusters.map((cluster) => (
                <Cause key={cluster.id} cluster={cluster} />
              ))}
            </Stack>
            <Pager label={`Page ${page}`} onPrevious={previous} onNext={next(found.next_before)} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Cause({ cluster }: { cluster: FailureCluster }) {
  const last = cluster.examples.at(-1);
  return (
    <li className="studio-row studio-wrap">
      <Group gap="sm">
        <Text size="sm" fw={600}>
          {timesOf(cluster)}
        </Text>
        <Badge size="sm" radius="sm" tt="none" variant="light" color={cluster.state === "resolved" ? "gray" : "red"}>
          {cluster.state}
        </Badge>
        <Text size="xs" c="dimmed">
          <span className="studio-mono">{cluster.reason}</span>
          {" · "}
          {cluster.num_failures > 1 && (
            <>
              first <RelativeTime at={cluster.first_seen_at} />, last{" "}
            </>
          )}
          <RelativeTime at={cluster.last_seen_at} />
        </Text>
      </Group>
      {last !== undefined && (
        <Text size="sm">
          <Said>{last.message}</Said> <Run runId={last.run_id} />
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {cluster.meaning} Next: <Said>{cluster.next_step}</Said>
      </Text>
    </li>
  );
}

function Run({ runId }: { runId: string }) {
  const jobId = jobOfRun(runId);
  if (jobId === null) {
    return <span className="studio-mono">{runId}</span>;
  }
  return (
    <Anchor component={Link} to={`/jobs/${jobId}`} size="sm" className="studio-mono">
      {runId}
    </Anchor>
  );
}

function timesOf({ num_failures, num_runs }: FailureCluster): string {
  const times = num_failures === 1 ? "Once" : `${formatCount(num_failures)} times`;
  return num_runs === 1 ? times : `${times} in ${formatCount(num_runs)} runs`;
}
