import { Badge, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { alertsQuery, answer, type ChannelReport, http, type TestResult } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { enclosed } from "@/lib/bidi";

const RESULTS: Record<TestResult["outcome"], string> = { sent: "teal", failed: "red", unusable: "orange" };

/** Where notifications are sent besides, whether it works, and a way to try it. */
export function AlertsPanel() {
  const alerts = useQuery(alertsQuery());
  return (
    <Panel title="Alerts">
      <QueryView
        query={alerts}
        isEmpty={({ channels }) => channels.length === 0}
        empty={<EmptyState title="No channel is configured." command="brewslm alerts init" />}
      >
        {({ source, channels }) => (
          <Stack gap="xs">
            <Text size="sm" c="dimmed">
              From <Code>{source}</Code>
            </Text>
            <Stack component="ul" gap={0} m={0} p={0} className="studio-list" aria-label="Alert channels">
              {channels.map((channel) => (
                <Channel key={channel.name} channel={channel} />
              ))}
            </Stack>
          </Stack>
        )}
      </QueryView>
    </Panel>
  );
}

function Channel({ channel }: { channel: ChannelReport }) {
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => answer(http.POST("/api/alerts/test", { body: { channel: channel.name } })),
    onSettled: () => void client.invalidateQueries({ queryKey: alertsQuery().queryKey }),
  });
  return (
    <li className="studio-row">
      <Group justify="space-between" gap="xs">
        <div className="studio-wrap">
          <Text size="sm" fw={600}>
            <Said>{channel.name}</Said>{" "}
            <Text component="span" size="xs" c="dimmed" fw={400}>
              {channel.kind}, from {channel.severity} on
            </Text>
          </Text>
          <Text size="xs" c={channel.problem === null ? "dimmed" : "var(--mantine-color-error)"}>
            {channel.problem ?? <History channel={channel} />}
          </Text>
        </div>
        <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          Send a test
        </Button>
      </Group>
      {test.error !== null && <ErrorNotice error={test.error} title="The test was not sent" />}
      {test.data?.map((result) => (
        <Group key={result.name} gap="xs" role="status">
          <Badge color={RESULTS[result.outcome]} variant="outline" tt="none" radius="sm">
            {result.outcome}
          </Badge>
          <Text size="xs">{result.detail}</Text>
        </Group>
      ))}
    </li>
  );
}

function History({ channel }: { channel: ChannelReport }) {
  if (channel.has_given_up) {
    return <>gave up: {channel.last_error}</>;
  }
  return (
    <>
      {channel.num_waiting} waiting, last sent{" "}
      {channel.last_sent_at === null ? "never" : <RelativeTime at={channel.last_sent_at} />}
      {channel.last_error !== null && `, last error: ${enclosed(channel.last_error)}`}
    </>
  );
}
