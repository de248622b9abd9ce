import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";

import type { JobFacts } from "./facts";
import type { ArtifactRecord, Job } from "@/api";
import { artifactQuery, projectQuery } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { Duration } from "@/components/Duration";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/components/useNow";
import { isObject, objectIn, textIn } from "@/lib/json";
import type { RunState } from "@/lib/run/state";
import { isFinal, isWarmingUp, phaseOf } from "@/lib/run/status";
import { formatDuration, formatMoment, secondsBetween } from "@/lib/time";

type SidebarProps = { job: Job; run: RunState; facts: JobFacts; artifacts: readonly ArtifactRecord[] };

/** What a job is: status, times, what it works on. */
export function Sidebar({ job, run, facts, artifacts }: SidebarProps) {
  const project = useQuery(projectQuery(job.project_id));
  const started = run.startedAt === null ? job.started_at : new Date(run.startedAt).toISOString();
  const ended = job.finished_at ?? (run.endedAt === null ? null : new Date(run.endedAt).toISOString());
  const plan = planIn(useNamed(job, "readiness", artifacts));
  const manifest = useNamed(job, "manifest", artifacts);
  const dataset = textIn(manifest?.body ?? {}, "dataset_id") ?? artifacts.findLast((one) => one.kind === "dataset")?.id;
  return (
    <Panel title="About">
      <dl className="job-facts">
        <Fact name="Status">
          <StatusBadge status={facts.status} />
        </Fact>
        <Fact name="Phase">
          <Phase facts={facts.phase} createdAt={job.created_at} />
        </Fact>
        {job.waiting_reason !== null && !isFinal(facts.status) && <Fact name="Waits">{job.waiting_reason}</Fact>}
        {started !== null && (
          <Fact name="Duration">
            <Duration from={started} to={isFinal(facts.status) ? (ended ?? started) : null} />
          </Fact>
        )}
        {facts.step !== null && (
          <Fact name="Step">
            {facts.step}
            {facts.totalSteps !== null && ` of ${facts.totalSteps}`}
          </Fact>
        )}
        <Moment name="Created" at={job.created_at} />
        <Moment name="Started" at={started} />
        <Moment name={facts.status === "completed" ? "Completed" : "Ended"} at={isFinal(facts.status) ? ended : null} />
        <Fact name="Project">
          <Anchor component={Link} to={`/projects/${job.project_id}`} size="sm" underline="always">
            {project.data?.name ?? `Project ${job.project_id}`}
          </Anchor>
        </Fact>
        {job.parent_id !== null && (
          <Fact name="Part of">
            <JobLink id={job.parent_id} />
          </Fact>
        )}
        {job.retry_of !== null && (
          <Fact name="Does again">
            <JobLink id={job.retry_of} />
          </Fact>
        )}
        {plan !== null && <Fact name="Base model">{plan.base}</Fact>}
        {dataset !== undefined && (
          <Fact name="Dataset">
            <span className="studio-mono job-break">{dataset}</span>
          </Fact>
        )}
        {plan !== null && <Fact name="Recipe">{plan.recipe}</Fact>}
        <Fact name="Device">{job.device ?? run.curve.starts.at(-1)?.device ?? "none"}</Fact>
        {job.attempt > 1 && <Fact name="Attempt">{job.attempt}</Fact>}
        <Fact name="Artifacts">{artifacts.length}</Fact>
        <Fact name="Job id">
          <CopyableId value={String(job.id)} label="job id" />
        </Fact>
      </dl>
    </Panel>
  );
}

/** Where in its life the job is; while it warms up, with how long it has been there. Alone, because it changes each second. */
function Phase({ facts, createdAt }: { facts: JobFacts["phase"]; createdAt: string }) {
  const ageSeconds = secondsBetween(createdAt, useNow());
  const all = { ...facts, ageSeconds };
  return (
    <>
      <span data-testid="phase">{phaseOf(all)}</span>
      {isWarmingUp(all) && ` · ${formatDuration(ageSeconds)}`}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Moment({ name, at }: { name: string; at: string | null }) {
  return at === null ? null : (
    <Fact name={name}>
      <time dateTime={at}>{formatMoment(at)}</time>
    </Fact>
  );
}

function JobLink({ id }: { id: number }) {
  return (
    <Anchor component={Link} to={`/jobs/${id}`} size="sm" underline="always">
      job {id}
    </Anchor>
  );
}

/** The artifact of a kind that a job was given, or that a step of it made. */
function useNamed(
  job: Job,
  kind: "readiness" | "manifest",
  artifacts: readonly ArtifactRecord[],
): ArtifactRecord | undefined {
  const id = textIn(job.payload, `${kind}_id`);
  const given = useQuery({ ...artifactQuery(job.project_id, id ?? ""), enabled: id !== null });
  return given.data ?? artifacts.findLast((one) => one.kind === kind);
}

/** The base model, and the recipe in one line, of a plan. */
function planIn(readiness: ArtifactRecord | undefined): { base: string; recipe: string } | null {
  const recipe = objectIn(objectIn(readiness?.body ?? {}, "plan"), "recipe");
  const base = textIn(recipe, "base_model");
  if (!isObject(recipe) || base === null) {
    return null;
  }
  const rank = objectIn(recipe, "lora")["lora_rank"];
  const rate = objectIn(recipe, "optim")["learning_rate"];
  const parts = [textIn(recipe, "mode"), textIn(recipe, "method"), `rank ${String(rank)}`, `lr ${String(rate)}`];
  return { base, recipe: parts.filter((part) => part !== null).join(", ") };
}
