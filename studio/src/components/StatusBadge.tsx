import { Badge } from "@mantine/core";

import type { JobStatus } from "@/api";
import { capital } from "@/lib/words";

const COLORS: Record<JobStatus, string> = {
  queued: "gray",
  running: "blue",
  completed: "teal",
  failed: "red",
  cancelled: "gray",
};

/** A job's public status; `label` may say more exactly what it is, such as `Warming up`. */
export function StatusBadge({ status, label }: { status: JobStatus; label?: string }) {
  return (
    <Badge
      color={COLORS[status]}
      variant={status === "failed" ? "filled" : "light"}
      tt="none"
      radius="sm"
      fw={600}
      miw="max-content"
      data-status={status}
    >
      {label ?? capital(status)}
    </Badge>
  );
}
