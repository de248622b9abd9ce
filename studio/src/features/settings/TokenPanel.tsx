import { Code, Text } from "@mantine/core";

import { Panel } from "@/components/Panel";

/** How a token is asked for. It is never shown by a page. */
export function TokenPanel() {
  return (
    <Panel title="Token">
      <Text size="sm">
        Browsers are let in by a one-time address; <Code>brewslm open</Code> prints another one. Programs on this
        machine need nothing, unless the server was started with <Code>--require-token</Code>; others send the value of{" "}
        <Code>BREWSLM_TOKEN</Code> as <Code>Authorization: Bearer</Code>. No page shows it.
      </Text>
    </Panel>
  );
}
