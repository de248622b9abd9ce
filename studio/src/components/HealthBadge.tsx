import { Badge, Text } from "@mantine/core";

import type { Outlook } from "@/api";
import { capital } from "@/lib/words";

const COLORS = { ok: "teal", warning: "orange", critical: "red", unknown: "gray", finished: "teal" } as const;

/** How a training is, by the server's judge. */
export function HealthBadge({ verdict }: { verdict: Outlook["verdict"] | undefined }) {
  if (verdict === undefined || verdict === null) {
    return (
      <Text component="span" size="sm" c="dimmed" title="Nothing was judged">
        –
      </Text>
    );
  }
  return (
    <Badge
      color={COLORS[verdict]}
      variant={verdict === "critical" ? "filled" : "outline"}
      tt="none"
      radius="sm"
      fw={600}
      miw="max-content"
    >
      {capital(verdict)}
    </Badge>
  );
}
