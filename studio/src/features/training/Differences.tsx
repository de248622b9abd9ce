import { Anchor, Button, Code, CopyButton, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { artifactsOfKindQuery, type RecipeField } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { WideTable } from "@/components/WideTable";
import { objectIn, shown } from "@/lib/json";
import { optionsOf, type Overrides, sourcedRows, yamlOf } from "@/lib/recipe";
import type { Read } from "@/lib/recipeDraft";
import { saveBlob } from "@/lib/saving";

const VIEWS = [
  { value: "diff", label: "Changes" },
  { value: "yaml", label: "YAML" },
  { value: "plan", label: "Newest plan" },
] as const;

type DifferencesProps = { projectId: number; read: Read; fields: readonly RecipeField[] };

/** What is set by hand: against the defaults, as the file that `--config` reads, and what the plan made of it last. */
export function Differences({ projectId, read, fields }: DifferencesProps) {
  const [view, setView] = useState<string>("diff");
  return (
    <Panel title="What is set">
      <Stack gap="sm">
        <SegmentedControl
          aria-label="View"
          size="xs"
          data={[...VIEWS]}
          value={view}
          onChange={setView}
          style={{ alignSelf: "flex-start" }}
        />
        {view === "diff" && <Against overrides={read.overrides} fields={fields} />}
        {view === "yaml" && <Yaml projectId={projectId} overrides={read.overrides} />}
        {view === "plan" && <Plan projectId={projectId} />}
      </Stack>
    </Panel>
  );
}

function Against({ overrides, fields }: { overrides: Overrides; fields: readonly RecipeField[] }) {
  const rows = Object.entries(overrides);
  return rows.length === 0 ? (
    <Text size="sm" c="dimmed">
      Nothing is set by hand; the plan chooses.
    </Text>
  ) : (
    <WideTable
      label="Differences from the defaults"
      columns={["Field", "Default", "Set to"]}
      rows={rows.map(([name, value]) => ({
        key: name,
        cells: [
          <span className="studio-mono">{name}</span>,
          <span className="studio-mono">{shown(fields.find((one) => one.name === name)?.default)}</span>,
          <strong className="studio-mono">{String(value)}</strong>,
        ],
      }))}
    />
  );
}

function Yaml({ projectId, overrides }: { projectId: number; overrides: Overrides }) {
  const text = yamlOf(overrides);
  const command = `brewslm train --project ${projectId} --autopilot --one-click`;
  return text === "" ? (
    <Text size="sm" c="dimmed">
      Nothing is set by hand. In a terminal: <Code>{command}</Code>
    </Text>
  ) : (
    <>
      <Code block tabIndex={0} role="region" aria-label="The recipe as YAML">
        {text}
      </Code>
      <Group gap="xs">
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
        <Button
          size="xs"
          variant="default"
          onClick={() => saveBlob(new Blob([`${text}\n`], { type: "text/yaml" }), "recipe.yaml")}
        >
          Download recipe.yaml
        </Button>
      </Group>
      <Text size="sm" className="studio-wrap">
        In a terminal: <Code>{`${command} --config recipe.yaml`}</Code>, or{" "}
        <Code>{`${command} ${optionsOf(overrides)}`}</Code>
      </Text>
    </>
  );
}

function Plan({ projectId }: { projectId: number }) {
  const readiness = useQuery(artifactsOfKindQuery(projectId, "readiness"));
  return (
    <QueryView
      query={readiness}
      isEmpty={(all) => all.length === 0}
      empty={<Text size="sm">There is no plan yet. “Plan it” makes one and trains nothing.</Text>}
    >
      {(all) => {
        const newest = all[all.length - 1];
        const rows = sourcedRows(objectIn(newest?.body ?? {}, "plan")).filter(({ source }) => source !== "default");
        return (
          <>
            <Text size="sm">
              Made {newest !== undefined && <RelativeTime at={newest.created_at} />}. What is not listed is the default.
              Checks and forecast are under{" "}
              <Anchor component={Link} to={`/projects/${projectId}/preflight`} underline="always" inherit>
                Preflight
              </Anchor>
              .
            </Text>
            <WideTable
              label="Values of the newest plan that are no defaults"
              minWidth={560}
              columns={["Field", "Value", "From", "Why"]}
              rows={rows.map(({ name, value, source, reason }) => ({
                key: name,
                cells: [
                  <span className="studio-mono">{name}</span>,
                  <span className="studio-mono">{value}</span>,
                  source,
                  reason,
                ],
              }))}
            />
          </>
        );
      }}
    </QueryView>
  );
}
