import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { childrenQuery } from "./queries";
import type { Job } from "@/api";
import { Duration } from "@/components/Duration";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { Said } from "@/components/Said";
import { StatusBadge } from "@/components/StatusBadge";
import { isFinal } from "@/lib/run/status";

const FLOWS: readonly Job["kind"][] = ["import", "autopilot", "evaluation", "optimize", "golden", "benchmark"];

/** The steps of a flow, each a job of its own. */
export function Steps({ job }: { job: Job }) {
  const steps = useQuery({ ...childrenQuery(job.id), enabled: FLOWS.includes(job.kind) });
  if (!FLOWS.includes(job.kind)) {
    return null;
  }
  return (
    <Panel title="Steps">
      <QueryView
        query={steps}
        isEmpty={(found) => found.length === 0}
        empty={<Text size="sm">No step has begun.</Text>}
      >
        {(found) => (
          <ul className="job-steps">
            {[...found].reverse().map((step) => (
              <li key={step.id}>
                <Anchor component={Link} to={`/jobs/${step.id}`} size="sm" underline="always">
                  <Said>{stepName(step)}</Said>
                </Anchor>
                <StatusBadge status={step.status} />
                {step.started_at !== null && (
                  <Text size="xs" c="dimmed">
                    <Duration
                      from={step.started_at}
                      to={isFinal(step.status) ? (step.finished_at ?? step.started_at) : null}
                    />
                  </Text>
                )}
                {step.error !== null && (
                  <Text size="xs" className="job-break">
                    {step.error}
                  </Text>
                )}
              </li>
            ))}
          </ul>
        )}
      </QueryView>
    </Panel>
  );
}

/** A stage by its name, a candidate of a benchmark by its own. */
function stepName({ kind, payload }: Job): string {
  const model = payload["model"];
  return kind === "probe" && typeof model === "string" ? model : kind.replaceAll("_", " ");
}
