import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { useNamed } from "./title";

type PageProps = {
  title: string;
  /** One quiet line under the title. */
  lead?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
};

/** The frame of every page: its title, what can be done on it, and its content. */
export function Page({ title, lead, actions, children }: PageProps) {
  useNamed(title);
  return (
    <Stack gap="md" w="100%" maw={1440} mx="auto">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div className="studio-wrap">
          <Title order={1}>{title}</Title>
          {lead !== undefined && (
            <Text c="dimmed" size="sm">
              {lead}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
