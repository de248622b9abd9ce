import { Code, Text } from "@mantine/core";

import { Panel } from "@/components/Panel";

/** How a token is asked for. It is never shown by a page. */
export function TokenPanel() {
  return (
    <Panel title="Token">
      <Text size="sm">
        A server that only this machine reaches asks for none, unless it was started with <Code>--require-token</Code>.
        Its value is that of <Code>BREWSLM_TOKEN</Code> in the server&apos;s environment; no page shows it. Programs
        send it as <Code>Authorization: Bearer</Code>.
      </Text>
    </Panel>
  );
}
