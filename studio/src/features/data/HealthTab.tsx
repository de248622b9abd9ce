import { Anchor, Code, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { dataHealthQuery } from "./queries";
import { artifactsOfKindQuery, type HealthCheck, type RowsLink } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { LevelBadge } from "@/components/LevelBadge";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { Said } from "@/components/Said";
import { formatCount } from "@/lib/numbers";
import { capital, spaced } from "@/lib/words";

/** Whether the newest dataset can be trained on: each check with what it saw, where, and what to do. */
export function HealthTab({ projectId }: { projectId: number }) {
  const datasets = useQuery(artifactsOfKindQuery(projectId, "dataset"));
  return (
    <Panel title="Data health">
      <QueryView
        query={datasets}
        lines={8}
        isEmpty={(all) => all.length === 0}
        empty={<EmptyState title="There is no data to judge yet.">Import data first.</EmptyState>}
      >
        {() => <Checks projectId={projectId} />}
      </QueryView>
    </Panel>
  );
}

function Checks({ projectId }: { projectId: number }) {
  const health = useQuery(dataHealthQuery(projectId));
  return (
    <QueryView query={health} lines={8}>
      {(report) => (
        <>
          <Group gap="xs" mb="sm">
            <LevelBadge level={report.level} />
            <Text size="sm" c="dimmed" className="studio-wrap">
              {formatCount(report.num_examples)} examples of {report.dataset_id}
              {report.num_scanned < report.num_examples &&
                `; ${formatCount(report.num_scanned)} of them were looked at closely`}
            </Text>
          </Group>
          <ul className="studio-list" style={{ margin: 0, padding: 0 }} aria-label="Checks">
            {report.checks.map((check) => (
              <Check key={check.check} check={check} />
            ))}
          </ul>
        </>
      )}
    </QueryView>
  );
}

/** Where the rows are shown; rejected ones can be mended on a part of their own. */
function addressOf({ artifact_id, table }: RowsLink): string {
  return table === "rejections"
    ? "?tab=rejections"
    : `?${new URLSearchParams({ tab: "rows", artifact: artifact_id, table }).toString()}`;
}

function Check({ check }: { check: HealthCheck }) {
  const { rows } = check;
  return (
    <li className="studio-row">
      <Group gap="xs">
        <LevelBadge level={check.level} />
        <Text size="sm" fw={600}>
          {capital(spaced(check.check))}
        </Text>
        {check.is_estimated && (
          <Text size="xs" c="dimmed">
            estimated from a sample
          </Text>
        )}
      </Group>
      <Text size="sm" className="studio-wrap">
        <Said>{check.seen}</Said>{" "}
        {rows !== null && (
          <Anchor component={Link} underline="always" inherit to={addressOf(rows)}>
            Show the rows of {rows.table}
          </Anchor>
        )}
      </Text>
      {check.fix !== "" && (
        <Text size="sm" c="dimmed" className="studio-wrap">
          <Said>{check.fix}</Said> {check.command !== "" && <Code>{check.command}</Code>}
        </Text>
      )}
    </li>
  );
}
