import { Badge, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Decide } from "./Decide";
import { artifactQuery, type ReleaseRow, releasesQuery } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { EmptyState } from "@/components/EmptyState";
import { FactList } from "@/components/FactList";
import { NewestFirst } from "@/components/NewestFirst";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { type Smoke, smokeOf } from "@/lib/reports/bundles";
import { formatCount } from "@/lib/numbers";
import { NOT_MEASURED } from "@/lib/figures";

const PAGE_SIZE = 5;
const COLOURS: Record<ReleaseRow["state"], string> = {
  candidate: "blue",
  live: "teal",
  superseded: "gray",
  rolled_back: "orange",
  rejected: "red",
  retired: "gray",
};

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
        <Badge color={COLOURS[row.state]} variant="light" tt="none" radius="sm" fw={600}>
          {row.state.replace("_", " ")}
          {row.canary_share > 0 && ` ${Math.round(row.canary_share * 100)} %`}
        </Badge>{" "}
        <Text span size="sm" c="dimmed">
          <RelativeTime at={row.created_at} />
        </Text>
      </summary>
      {row.reason !== "" && (
        <Text size="sm" pl="md" className="studio-wrap">
          <Said>{row.actor ?? ""}</Said>: <Said>{row.reason}</Said>
        </Text>
      )}
      {isOpen && (
        <Stack gap="sm" pl="md" pt={4}>
          <Decide row={row} />
          <Evidence row={row} />
        </Stack>
      )}
    </details>
  );
}

function comparedBy({ numPrompts, numTokens, largestDifference }: NonNullable<Smoke["likeness"]>): string {
  return numTokens === 0
    ? `the same words to ${formatCount(numPrompts)} prompts; it tells no log-probabilities`
    : `${formatCount(numPrompts)} prompts, ${formatCount(numTokens)} tokens, ${largestDifference.toFixed(4)} nats apart at most`;
}

function Evidence({ row }: { row: ReleaseRow }) {
  const record = useQuery(artifactQuery(row.project_id, row.release_id));
  return (
    <QueryView query={record}>
      {({ id, body }) => {
        const { bundleId, runtime, likeness, answers } = smokeOf(body);
        return (
          <Stack gap="xs">
            <FactList
              facts={[
                ["Release", <CopyableId key="id" value={id} label="release" />],
                ["Bundle", <CopyableId key="bundle" value={bundleId} label="bundle" />],
                [likeness === null ? "Loaded by" : "Answered by", runtime],
                ...(likeness === null ? [] : [["Compared with the bundle", comparedBy(likeness)] as const]),
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
