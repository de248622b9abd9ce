import { Box, Group, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

type PanelProps = { title?: string; actions?: ReactNode; children: ReactNode };

/** A bordered part of a page, with a title of its own. */
export function Panel({ title, actions, children }: PanelProps) {
  const id = useId();
  return (
    <Box component="section" className="studio-panel" aria-labelledby={title === undefined ? undefined : id}>
      {title !== undefined && (
        <Group justify="space-between" mb="sm" gap="xs">
          <Title order={2} id={id}>
            {title}
          </Title>
          {actions}
        </Group>
      )}
      {children}
    </Box>
  );
}
