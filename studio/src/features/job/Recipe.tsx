import { Badge, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { artifactQuery, type ArtifactRecord, type Job } from "@/api";
import { QueryView } from "@/components/QueryView";
import { legibleJson } from "@/lib/bidi";
import { isObject, type JsonObject, objectIn, textIn } from "@/lib/json";

const COLOURS: Readonly<Record<string, string>> = { default: "gray", profile: "teal", autopilot: "blue" };

/** Every value of the recipe, and where it came from. */
export function Recipe({ job, artifacts }: { job: Job; artifacts: readonly ArtifactRecord[] }) {
  const named = job.payload["readiness_id"];
  const found = artifacts.findLast((one) => one.kind === "readiness")?.id;
  const id = typeof named === "string" ? named : found;
  return id === undefined ? (
    <Text size="sm" c="dimmed">
      The recipe is resolved by the preflight, which has not ended yet.
    </Text>
  ) : (
    <Plan projectId={job.project_id} id={id} />
  );
}

function Plan({ projectId, id }: { projectId: number; id: string }) {
  const [hasDefaults, setHasDefaults] = useState(false);
  const artifact = useQuery(artifactQuery(projectId, id));
  return (
    <QueryView query={artifact}>
      {({ body }) => (
        <>
          <Switch
            size="xs"
            mb="xs"
            label="Show values that are the defaults"
            checked={hasDefaults}
            onChange={(event) => setHasDefaults(event.currentTarget.checked)}
          />
          <Values sources={objectIn(objectIn(body, "plan"), "sources")} hasDefaults={hasDefaults} />
        </>
      )}
    </QueryView>
  );
}

function Values({ sources, hasDefaults }: { sources: JsonObject; hasDefaults: boolean }) {
  const rows = Object.entries(sources).flatMap(([name, found]) => {
    const row = isObject(found) ? found : {};
    const source = textIn(row, "source") ?? "";
    return source === "default" && !hasDefaults
      ? []
      : [{ name, source, value: row["value"], why: textIn(row, "reason") ?? "" }];
  });
  return (
    <div className="job-scroll" tabIndex={0} role="region" aria-label="Recipe">
      <table className="job-table">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row" className="studio-mono">
                {row.name}
              </th>
              <td className="studio-mono">{typeof row.value === "string" ? row.value : legibleJson(row.value)}</td>
              <td>
                <Badge color={COLOURS[row.source] ?? "grape"} variant="light" radius="sm" tt="none">
                  {row.source}
                </Badge>
              </td>
              <td className="job-why">{row.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
