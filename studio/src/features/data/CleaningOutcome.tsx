import { Group, Stack, Text, Title } from "@mantine/core";

import "./data.css";
import type { CleaningReport } from "@/api";
import { WideTable } from "@/components/WideTable";
import { enclosed } from "@/lib/bidi";
import { formatCount } from "@/lib/numbers";
import { spaced } from "@/lib/words";

/** What a cleaning takes out and changes, with examples of both. */
export function CleaningOutcome({ report }: { report: CleaningReport }) {
  const removed = Object.values(report.removed).reduce((sum, count) => sum + count, 0);
  const share = report.num_before === 0 ? 0 : removed / report.num_before;
  return (
    <Stack gap="md">
      <Text size="sm">
        <strong>
          {formatCount(report.num_before)} examples become {formatCount(report.num_after)}
        </strong>
        {report.num_chunked > 0 &&
          ` (${formatCount(report.num_chunked)} documents are cut into ${formatCount(report.num_chunks)} chunks)`}
        . {report.is_whole ? "All were looked at." : "Only the first of them were looked at; applying looks at all."}
        {share > report.plan.warn_removed_share && ` ${Math.round(share * 100)} % are taken out: that is much.`}
      </Text>
      <Group align="flex-start" gap="xl">
        <Counts title="Taken out" counts={report.removed} />
        <Counts title="Changed" counts={report.changed} />
        <Counts title="Personal data found" counts={report.pii} />
      </Group>
      {(report.num_conflicts > 0 || report.num_labels_with_pii > 0) && (
        <Text size="sm">
          {report.num_conflicts > 0 && `${formatCount(report.num_conflicts)} texts have labels that contradict. `}
          {report.num_labels_with_pii > 0 &&
            `${formatCount(report.num_labels_with_pii)} examples hold personal data in what is learnt.`}
        </Text>
      )}
      {report.samples.length > 0 && (
        <WideTable
          label="Examples of what is changed"
          minWidth={640}
          columns={["Rule", "Row", "Before", "After"]}
          rows={report.samples.map((sample, at) => ({
            key: `${at}`,
            cells: [
              spaced(sample.rule),
              formatCount(sample.source_row),
              <div className="data-cell">{sample.before}</div>,
              <div className="data-cell">{sample.after === "" ? "taken out" : sample.after}</div>,
            ],
          }))}
        />
      )}
      {report.clusters.length > 0 && (
        <section aria-label="Near duplicates">
          <Title order={3} mb={4}>
            {formatCount(report.num_clusters)} clusters of near duplicates
          </Title>
          <WideTable
            label="Clusters"
            minWidth={640}
            columns={["Stays", "Is taken out"]}
            rows={report.clusters.map((cluster) => ({
              key: String(cluster.kept_row),
              cells: [
                <div className="data-cell">{cluster.kept}</div>,
                <div className="data-cell">
                  {cluster.removed
                    .map((text, at) => `${((cluster.likeness[at] ?? 0) * 100).toFixed(0)} % alike: ${enclosed(text)}`)
                    .join("\n")}
                </div>,
              ],
            }))}
          />
        </section>
      )}
    </Stack>
  );
}

function Counts({ title, counts }: { title: string; counts: Readonly<Record<string, number>> }) {
  const rows = Object.entries(counts);
  return (
    <div>
      <Title order={3}>{title}</Title>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing
        </Text>
      ) : (
        rows.map(([name, count]) => (
          <Text key={name} size="sm">
            {spaced(name)}: {formatCount(count)}
          </Text>
        ))
      )}
    </div>
  );
}
