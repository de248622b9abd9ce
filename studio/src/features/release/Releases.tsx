import { Badge, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { artifactQuery, type ReleaseRow, releasesQuery } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { EmptyState } from "@/components/EmptyState";
import { FactList } from "@/components/FactList";
import { NewestFirst } from "@/components/NewestFirst";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { smokeOf } from "@/lib/reports/bundles";
import { formatCount } from "@/lib/numbers";
import { NOT_MEASURED } from "@/lib/figures";

const PAGE_SIZE = 5;

/** The versions of this project, the newest first, each with the evidence that it answers. */
export function Releases({ projectId }: { projectId: number }) {
  const releases = useQuery(releasesQuery(projectId));
  return (
    <Panel title="Releases">
      <QueryView
        query={releases}
        isEmpty={(all) => all.length === 0}
        empty={
          <EmptyState title="No release yet." command={`brewslm deploy --project ${projectId}`}>
            A bundle becomes one when it was loaded from its folder, matched its checksums, and answered.
          </EmptyState>
        }
      >
        {(all) => (
          <NewestFirst all={all} size={PAGE_SIZE} gap="xs">
            {(row) => <Release key={row.version} row={row} />}
          </NewestFirst>
        )}
      </QueryView>
    </Panel>
  );
}

function Release({ row }: { row: ReleaseRow }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="studio-details" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        <strong>v{row.version}</strong>{" "}
        <Badge color="gray" variant="light" tt="none" radius="sm" fw={600}>
          {row.state}
        </Badge>{" "}
        <Text span size="sm" c="dimmed">
          <RelativeTime at={row.created_at} />
        </Text>
      </summary>
      {isOpen && <Evidence row={row} />}
    </details>
  );
}

function Evidence({ row }: { row: ReleaseRow }) {
  const record = useQuery(artifactQuery(row.project_id, row.release_id));
  return (
    <QueryView query={record}>
      {({ id, body }) => {
        const { bundleId, runtime, answers } = smokeOf(body);
        return (
          <Stack gap="xs" pl="md" pt={4}>
            <FactList
              facts={[
                ["Release", <CopyableId key="id" value={id} label="release" />],
                ["Bundle", <CopyableId key="bundle" value={bundleId} label="bundle" />],
                ["Loaded by", runtime],
              ]}
            />
            {answers.map((one, index) => (
              <div key={index}>
                <Text size="sm" fw={600} className="studio-said">
                  {one.prompt}
                </Text>
                <Text size="sm" className="studio-said">
                  {one.answer}
                </Text>
                <Text size="xs" c="dimmed">
                  {one.numTokens === null ? NOT_MEASURED : `${formatCount(one.numTokens)} tokens`}
                </Text>
              </div>
            ))}
          </Stack>
        );
      }}
    </QueryView>
  );
}
