import { Code, List, Text } from "@mantine/core";

import { Page } from "./Page";
import { Panel } from "./Panel";

type PlannedPageProps = { title: string; will: readonly string[]; commands: readonly string[] };

/** A page that is not built yet: what will be there, and which commands do it today. */
export function PlannedPage({ title, will, commands }: PlannedPageProps) {
  return (
    <Page title={title} lead="This page is not built yet.">
      <Panel title="What will be here">
        <List size="sm">
          {will.map((line) => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      </Panel>
      <Panel title="What does it today, in a terminal">
        {commands.map((command) => (
          <Text key={command} size="sm" mb={4}>
            <Code>{command}</Code>
          </Text>
        ))}
      </Panel>
    </Page>
  );
}
