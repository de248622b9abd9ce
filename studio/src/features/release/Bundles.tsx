import { Anchor, Code, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { Deploy } from "./Deploy";
import { type ArtifactRecord, artifactsOfKindQuery } from "@/api";
import { ArtifactFiles } from "@/components/ArtifactFiles";
import { CopyableId } from "@/components/CopyableId";
import { EmptyState } from "@/components/EmptyState";
import { FactList } from "@/components/FactList";
import { NewestFirst } from "@/components/NewestFirst";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";
import { VerdictBadge } from "@/components/VerdictBadge";
import { legibleJson } from "@/lib/bidi";
import { formatMeasured, NOT_MEASURED } from "@/lib/figures";
import { formatBytes, formatDelta } from "@/lib/numbers";
import { bundleOf, type FirstDifference, type Parity } from "@/lib/reports/bundles";
import { sizeOf } from "@/lib/reports/files";

const PAGE_SIZE = 5;

/** The exports of a project, the newest first, with parity and checksums. */
export function Bundles({ projectId }: { projectId: number }) {
  const bundles = useQuery(artifactsOfKindQuery(projectId, "bundle"));
  return (
    <Panel title="Exports">
      <QueryView
        query={bundles}
        isEmpty={(all) => all.length === 0}
        empty={
          <EmptyState title="No export yet." command={`brewslm export --project ${projectId}`}>
            An evaluated adapter can be exported below.
          </EmptyState>
        }
      >
        {(all) => (
          <NewestFirst all={all} size={PAGE_SIZE} gap="lg">
            {(record) => <Shown key={record.id} record={record} />}
          </NewestFirst>
        )}
      </QueryView>
    </Panel>
  );
}

function Shown({ record }: { record: ArtifactRecord }) {
  const bundle = bundleOf(record.body);
  return (
    <article aria-label={record.id}>
      <Group gap="sm" mb={4}>
        <Text size="sm" fw={600}>
          {bundle.format} for {bundle.target}, <Said>{bundle.dtype}</Said>, {formatBytes(sizeOf(bundle.files))}
        </Text>
        <VerdictBadge
          verdict={bundle.parity.passed ? "passed" : "failed"}
          label={`parity ${bundle.parity.passed ? "passed" : "failed"}`}
        />
        <Text size="sm" c="dimmed">
          <RelativeTime at={record.created_at} /> by{" "}
          <Anchor component={Link} to={`/jobs/${record.job_id}`} size="sm" underline="always">
            job {record.job_id}
          </Anchor>
        </Text>
      </Group>
      <FactList
        facts={[
          ["Bundle", <CopyableId key="id" value={record.id} label="bundle" />],
          ["Adapter", <CopyableId key="adapter" value={bundle.adapterId} label="adapter" />],
          ["Folder in the project", <Code key="folder">{bundle.folder}</Code>],
          ...parityFacts(bundle.parity),
        ]}
      />
      <details className="studio-details">
        <summary>{bundle.files.length} files with their checksums</summary>
        <ArtifactFiles
          projectId={record.project_id}
          artifactId={record.id}
          files={bundle.files}
          within={bundle.folder}
        />
      </details>
      <Deploy projectId={record.project_id} bundleId={record.id} />
    </article>
  );
}

function parityFacts(parity: Parity): [string, string][] {
  const { tunedLoss, savedLoss } = parity;
  const difference = tunedLoss === null || savedLoss === null ? null : savedLoss - tunedLoss;
  const moved =
    difference === null ? "" : ` (${formatDelta(difference, 3)}, at most ±${formatMeasured(parity.tolerance, 3)})`;
  const same = parity.hasSameGreedyTokens;
  return [
    ["Loss of the saved model", `${formatMeasured(savedLoss)}, tuned model ${formatMeasured(tunedLoss)}${moved}`],
    ["Compared on", parity.numExamples === null ? NOT_MEASURED : `${parity.numExamples} examples`],
    ["Largest difference", `${formatMeasured(parity.largestDifference, 3)} nats in the log probability of one token`],
    ["Same greedy answers", same === null ? NOT_MEASURED : same ? "yes" : `no${partingOf(parity.firstDifference)}`],
  ];
}

/** The place where two answers part, in words; a near tie is what a number format may break the other way. */
function partingOf(first: FirstDifference | null): string {
  if (first === null) {
    return "";
  }
  const surer = first.margin === null ? "" : ` (${formatMeasured(first.margin, 3)} nats surer)`;
  const [bundle, tuned] = [first.bundle, first.tuned].map((text) => legibleJson(text));
  return `: to prompt ${first.prompt + 1} it says ${bundle} at token ${first.position + 1}, the tuned model ${tuned}${surer}`;
}
