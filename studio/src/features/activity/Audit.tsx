import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { auditQuery } from "./queries";
import type { AuditReport } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { ScrollTable } from "@/components/ScrollTable";
import { VerdictBadge } from "@/components/VerdictBadge";
import { formatBytes, formatCount } from "@/lib/numbers";

const MOST_SHOWN = 100;

/** Whether the record is as it was written: the hash chains of all events, and on demand every artifact and file. */
export function Audit() {
  const [hasFiles, setHasFiles] = useState(false);
  const audit = useQuery(auditQuery(hasFiles));
  const look = (withFiles: boolean) => {
    setHasFiles(withFiles);
    if (withFiles === hasFiles) {
      void audit.refetch();
    }
  };
  return (
    <Panel
      title="Audit"
      actions={
        <Group gap="xs">
          <Button
            size="compact-xs"
            variant="default"
            loading={audit.isFetching && !hasFiles}
            onClick={() => look(false)}
          >
            Verify the events
          </Button>
          <Button size="compact-xs" variant="default" loading={audit.isFetching && hasFiles} onClick={() => look(true)}>
            With every file
          </Button>
        </Group>
      }
    >
      <QueryView query={audit} lines={2}>
        {(report) => <Found report={report} at={audit.dataUpdatedAt} />}
      </QueryView>
    </Panel>
  );
}

function Found({ report, at }: { report: AuditReport; at: number }) {
  const { events, artifacts } = report;
  const problems = [
    ...events.problems.map(({ seq, problem }) => ({ place: `event ${seq}`, problem })),
    ...(artifacts?.problems ?? []).map(({ artifact_id, path, problem }) => ({ place: path ?? artifact_id, problem })),
  ];
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <VerdictBadge
          verdict={report.is_clean ? "passed" : "failed"}
          label={report.is_clean ? "whole" : "not as it was written"}
        />
        <Text size="sm">
          {formatCount(events.num_events)} events of the whole workspace re-computed
          {artifacts !== null &&
            `, ${formatCount(artifacts.num_artifacts)} artifacts and ${formatCount(artifacts.num_files)} files (${formatBytes(artifacts.num_bytes)}) hashed`}
          , <RelativeTime at={new Date(at).toISOString()} />
        </Text>
      </Group>
      <Text size="xs" c="dimmed">
        Each event carries the hash of the one before it, so that a change, a removal or an insertion shows.
        {artifacts === null && " Artifacts and files were not looked at yet."}
      </Text>
      {problems.length > 0 && (
        <>
          <ScrollTable label="Table of problems" minWidth={480} head={["Where", "Problem"]}>
            {problems.slice(0, MOST_SHOWN).map(({ place, problem }) => (
              <Table.Tr key={`${place} ${problem}`}>
                <Table.Td className="studio-mono studio-wrap">{place}</Table.Td>
                <Table.Td>{problem}</Table.Td>
              </Table.Tr>
            ))}
          </ScrollTable>
          {problems.length > MOST_SHOWN && (
            <Text size="xs" c="dimmed">
              The first {MOST_SHOWN} of {formatCount(problems.length)}.
            </Text>
          )}
        </>
      )}
    </Stack>
  );
}
