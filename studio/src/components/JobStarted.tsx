import { Alert, Anchor } from "@mantine/core";
import { Link } from "react-router";

import type { Job } from "@/api";

/** Says that work was taken on, and where it can be followed. */
export function JobStarted({ job }: { job: Job | undefined }) {
  return job === undefined ? null : (
    <Alert color="teal" variant="outline" p="xs" role="status">
      Job{" "}
      <Anchor component={Link} to={`/jobs/${job.id}`} size="sm" underline="always" className="studio-mono">
        {job.run_id}
      </Anchor>{" "}
      was taken on. What it makes appears here when it has ended well.
    </Alert>
  );
}
