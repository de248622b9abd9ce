import { Code, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";

import { Candidates } from "./Candidates";
import { CheckForm } from "./CheckForm";
import { Forecasts } from "./Forecasts";
import { Outlook } from "./Outlook";
import { type ArtifactRecord, artifactsOfKindQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { LevelBadge } from "@/components/LevelBadge";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import { PlanTable } from "@/components/PlanTable";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { idOf } from "@/lib/ids";
import { type JsonObject, objectIn, objectsIn, textIn } from "@/lib/json";
import { sourcedRows } from "@/lib/recipe";
import { capital, spaced } from "@/lib/words";

/** Whether a training will run, at what cost, and by which recipe. */
export function PreflightPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const readiness = useQuery(artifactsOfKindQuery(projectId, "readiness"));
  return (
    <Page title="Preflight" lead="Whether a training will run, at what cost, and by which recipe.">
      <CheckForm projectId={projectId} />
      <QueryView
        query={readiness}
        lines={8}
        isEmpty={(all) => all.length === 0}
        empty={
          <Panel title="Checks">
            <EmptyState title="Nothing was checked yet." command={`brewslm preflight --project ${projectId} --plan`}>
              Check the current splits above; nothing is trained by that.
            </EmptyState>
          </Panel>
        }
      >
        {(all) => {
          const newest = all[all.length - 1];
          return newest !== undefined && <Report record={newest} />;
        }}
      </QueryView>
      <Outlook projectId={projectId} />
      <Candidates projectId={projectId} />
    </Page>
  );
}

function Report({ record }: { record: ArtifactRecord }) {
  const plan = objectIn(record.body, "plan");
  const guard = textIn(record.body, "guard") ?? "";
  return (
    <Stack gap="md">
      <Checks record={record} />
      <Panel title="Forecast">
        <Forecasts plan={plan} />
      </Panel>
      <Panel title="Plan">
        {guard !== "" && (
          <Text size="sm" c="dimmed" mb="sm" className="studio-wrap">
            Guard{" "}
            <Code>
              <Said>{guard}</Said>
            </Code>{" "}
            binds this plan to the project as it was: a launch that names it gets this plan, or another one where the
            project has changed.
          </Text>
        )}
        <PlanTable rows={sourcedRows(plan)} />
      </Panel>
    </Stack>
  );
}

const ORDER: Readonly<Record<string, number>> = { block: 0, warn: 1, unknown: 2, ok: 3 };

function Checks({ record }: { record: ArtifactRecord }) {
  const { body } = record;
  const isReady = textIn(body, "verdict") === "ready";
  const findings = objectsIn(body, "findings").toSorted((one, other) => rank(one) - rank(other));
  return (
    <Panel title="Checks">
      <Group gap="xs" mb="sm">
        <LevelBadge level={isReady ? "ok" : "block"} />
        <Text size="sm" className="studio-wrap">
          <strong>{verdictOf(isReady, findings)}</strong> <Said>{textIn(body, "base_model") ?? ""}</Said> on{" "}
          {textIn(body, "manifest_id")}, looked at <RelativeTime at={record.created_at} />
        </Text>
      </Group>
      <ul className="studio-list" style={{ margin: 0, padding: 0 }} aria-label="Checks">
        {findings.map((finding) => (
          <li key={`${textIn(finding, "check")} ${textIn(finding, "seen")}`} className="studio-row">
            <Group gap="xs">
              <LevelBadge level={textIn(finding, "level") ?? "unknown"} />
              <Text size="sm" fw={600}>
                {capital(spaced(textIn(finding, "check") ?? ""))}
              </Text>
            </Group>
            <Text size="sm" className="studio-wrap">
              {textIn(finding, "seen")}
            </Text>
            {textIn(finding, "next_step") !== "" && (
              <Text size="sm" c="dimmed" className="studio-wrap">
                Next: {textIn(finding, "next_step")}
              </Text>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function verdictOf(isReady: boolean, findings: readonly JsonObject[]): string {
  if (!isReady) {
    return "It cannot be trained as it is.";
  }
  const isLenient = findings.some((finding) => textIn(finding, "level") === "block");
  return isLenient ? "It may be launched, although a check blocks: it was not to be strict." : "It can be trained.";
}

function rank(finding: JsonObject): number {
  return ORDER[textIn(finding, "level") ?? ""] ?? 2;
}
