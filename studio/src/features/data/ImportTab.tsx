import { Button, Stack, Text } from "@mantine/core";
import { useSearchParams } from "react-router";

import "./data.css";
import { CommitStep } from "./CommitStep";
import { MappingStep } from "./MappingStep";
import { PreviewStep } from "./PreviewStep";
import { ReadingStep } from "./ReadingStep";
import { SourceStep } from "./SourceStep";
import type { Job } from "@/api";
import { Panel } from "@/components/Panel";
import { useFollowedJob } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { idOf } from "@/lib/ids";
import { isOver } from "@/lib/jobs";

const STEPS = ["Source", "Mapping", "Preview", "Commit"] as const;

/** Which step follows from the job that ran last. */
const STEP_AFTER: Partial<Record<Job["kind"], number>> = {
  ingest: 1,
  introspect: 1,
  map_dry_run: 2,
  map_commit: 3,
  import: 3,
};

/** Source, mapping, preview, commit. Each is a job of the server; the address names the last, so that a reload loses nothing. */
export function ImportTab({ projectId }: { projectId: number }) {
  const [params, setParams] = useSearchParams();
  const jobId = idOf(params.get("job") ?? undefined);
  const job = useFollowedJob(projectId, jobId);
  const isOurs = job !== null && job.project_id === projectId && STEP_AFTER[job.kind] !== undefined;
  const step = isOurs && job.status === "completed" ? (STEP_AFTER[job.kind] ?? 0) : 0;
  const follow = (next: Job | null) =>
    setParams(next === null ? { tab: "import" } : { tab: "import", job: String(next.id) });
  return (
    <Panel
      title="Import"
      actions={
        isOurs ? (
          <Button size="xs" variant="default" onClick={() => follow(null)}>
            Start over
          </Button>
        ) : undefined
      }
    >
      <Stack gap="md">
        <ol className="data-steps" aria-label="Steps of an import">
          {STEPS.map((title, at) => (
            <li key={title} aria-current={at === step ? "step" : undefined} data-done={at < step || undefined}>
              {title}
            </li>
          ))}
        </ol>
        <WorkNotice job={isOurs ? job : null} />
        {jobId !== null && job === null ? (
          <Text size="sm" role="status">
            Looking for job {jobId} …
          </Text>
        ) : (
          <Step projectId={projectId} job={isOurs ? job : null} onJob={follow} />
        )}
      </Stack>
    </Panel>
  );
}

type StepProps = { projectId: number; job: Job | null; onJob: (job: Job) => void };

function Step({ projectId, job, onJob }: StepProps) {
  if (job !== null && !isOver(job)) {
    return null;
  }
  const hasFailed = job !== null && job.status !== "completed";
  if (job === null || (hasFailed && (job.kind === "ingest" || job.kind === "import"))) {
    return <SourceStep projectId={projectId} onJob={onJob} />;
  }
  if (hasFailed) {
    return (
      <Text size="sm" c="dimmed">
        Go back in the browser to change what was asked for, or start over.
      </Text>
    );
  }
  const at = { projectId, artifactId: job.artifact_id ?? "", onJob };
  switch (job.kind) {
    case "ingest":
      return <ReadingStep {...at} />;
    case "introspect":
      return <MappingStep {...at} />;
    case "map_dry_run":
      return <PreviewStep {...at} />;
    default:
      return <CommitStep projectId={projectId} datasetId={at.artifactId} />;
  }
}
