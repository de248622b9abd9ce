import { Anchor, Badge, Code, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { Keys } from "./Keys";
import { driftQuery, endpointQuery, type EndpointStatus } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { FactList } from "@/components/FactList";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { formatTimes } from "@/lib/chat";
import { formatCount } from "@/lib/numbers";

const COLOURS: Record<string, string> = {
  ready: "teal",
  starting: "orange",
  silent: "red",
  standby: "blue",
  draining: "gray",
  refused: "red",
};

/** Who answers the clients of a project, how fast, and with which keys. */
export function Endpoint({ projectId }: { projectId: number }) {
  const endpoint = useQuery(endpointQuery(projectId));
  return (
    <Panel title="Endpoint">
      <QueryView query={endpoint}>
        {(status) => (
          <Stack gap="sm">
            {status.live === null ? (
              <EmptyState title="Nothing is live, so nobody is answered.">
                Promote a release below; clients then ask <Code>{window.location.origin}/v1</Code> with a key.
              </EmptyState>
            ) : (
              <Live status={status} projectId={projectId} />
            )}
            <Keys projectId={projectId} />
          </Stack>
        )}
      </QueryView>
    </Panel>
  );
}

function Live({ status, projectId }: { status: EndpointStatus; projectId: number }) {
  const { traffic } = status;
  const speed = traffic.tokens_per_second === null ? "–" : `${traffic.tokens_per_second.toFixed(1)} tokens/s`;
  return (
    <>
      <Group gap="xs">
        {status.served.map((one) => (
          <Badge key={one.version} variant="light" tt="none" radius="sm" color={COLOURS[one.state] ?? "gray"}>
            {one.version === 0 ? "base" : `v${one.version}`} {one.state}
          </Badge>
        ))}
        <Anchor component={Link} size="sm" underline="always" to={`/projects/${projectId}/playground`}>
          Ask it in the playground
        </Anchor>
      </Group>
      {status.served
        .filter((one) => one.error !== null)
        .map((one) => (
          <Text key={one.version} size="sm" c="red" className="studio-wrap">
            v{one.version} is not served: <Said>{one.error ?? ""}</Said>
          </Text>
        ))}
      <FactList
        facts={[
          ["Base address", <Code key="address">{window.location.origin}/v1</Code>],
          [
            `Requests, last ${status.hours} hours`,
            `${formatCount(traffic.num_requests)} (${traffic.num_errors} errors, ${traffic.num_refused} over a limit)`,
          ],
          ["Latency p50 / p95 / p99", formatTimes(traffic.seconds)],
          ["First token p50 / p95 / p99", formatTimes(traffic.first_token_seconds)],
          ["Speed of an answer", speed],
          ["Drift", <Drift key="drift" projectId={projectId} />],
        ]}
      />
    </>
  );
}

function Drift({ projectId }: { projectId: number }) {
  const { data } = useQuery(driftQuery(projectId));
  if (data == null) {
    return <>not checked yet</>;
  }
  return (
    <>
      {data.verdict.replaceAll("_", " ")}, <RelativeTime at={data.at} />
    </>
  );
}
