import { Badge, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { WideTable } from "./WideTable";
import type { SourcedRow } from "@/lib/recipe";

/** Every value of a plan, with where it came from and why. */
export function PlanTable({ rows }: { rows: readonly SourcedRow[] }) {
  const [hasDefaults, setHasDefaults] = useState(true);
  const [text, setText] = useState("");
  const found = rows.filter(
    ({ name, source }) => (hasDefaults || source !== "default") && name.includes(text.trim().toLowerCase()),
  );
  return (
    <Stack gap="xs">
      <TextInput
        aria-label="Filter the plan"
        placeholder="Filter by field"
        maw={320}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Switch
        label="Show values that are the defaults"
        checked={hasDefaults}
        onChange={(event) => setHasDefaults(event.currentTarget.checked)}
      />
      <WideTable
        label="Values of the plan"
        minWidth={640}
        columns={["Field", "Value", "From", "Why"]}
        rows={found.map(({ name, value, source, reason }) => ({
          key: name,
          cells: [
            <span className="studio-mono">{name}</span>,
            <span className="studio-mono">{value}</span>,
            source === "default" ? (
              <Text size="sm" c="dimmed">
                default
              </Text>
            ) : (
              <Badge
                variant="light"
                color={source === "autopilot" ? "blue" : "teal"}
                tt="none"
                radius="sm"
                miw="max-content"
              >
                {source}
              </Badge>
            ),
            reason,
          ],
        }))}
      />
    </Stack>
  );
}
