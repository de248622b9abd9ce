import { Anchor, Box, Group, Text } from "@mantine/core";
import { Link } from "react-router";

import type { StageState } from "@/api";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { StatusBadge } from "@/components/StatusBadge";

/** The stages below each other: state, last event, next step. */
export function StageRail({ stages }: { stages: readonly StageState[] }) {
  return (
    <Box component="ol" className="studio-list studio-rail" m={0} p={0} aria-label="Stages">
      {stages.map((stage) => (
        <Box component="li" key={stage.name} py="xs" data-state={stage.status ?? "never"}>
          <Text className="studio-mono" size="sm" c="dimmed" aria-hidden>
            {String(stage.number).padStart(2, "0")}
          </Text>
          <div>
            <Group gap="xs">
              <Text size="sm" fw={600}>
                {stage.title}
              </Text>
              {stage.is_optional && (
                <Text size="xs" c="dimmed">
                  optional
                </Text>
              )}
              {stage.status === null ? (
                <Text size="xs" c="dimmed">
                  never ran
                </Text>
              ) : (
                <StatusBadge status={stage.status} />
              )}
              {stage.job_id !== null && (
                <Anchor component={Link} to={`/jobs/${stage.job_id}`} size="xs">
                  job {stage.job_id}
                </Anchor>
              )}
            </Group>
            {stage.event !== null && (
              <Text size="sm" c={stage.status === "failed" ? "var(--mantine-color-error)" : undefined}>
                <Said>{stage.event.summary}</Said>{" "}
                <Text component="span" size="xs" c="dimmed">
                  <RelativeTime at={stage.event.occurred_at} />
                </Text>
              </Text>
            )}
            {stage.next_step !== "" && (
              <Text size="sm" c="dimmed">
                Next: <Said>{stage.next_step}</Said>
              </Text>
            )}
          </div>
        </Box>
      ))}
    </Box>
  );
}
