import { Code, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

type EmptyStateProps = {
  title: string;
  children?: ReactNode;
  /** The command that does it in a terminal. */
  command?: string;
};

/** Says that there is nothing yet, and how there will be something. */
export function EmptyState({ title, children, command }: EmptyStateProps) {
  return (
    <Stack gap={6} align="flex-start" py="md">
      <Text fw={600}>{title}</Text>
      {children !== undefined && (
        <Text size="sm" c="dimmed" component="div">
          {children}
        </Text>
      )}
      {command !== undefined && <Code>{command}</Code>}
    </Stack>
  );
}
