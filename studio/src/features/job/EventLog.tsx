import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { memo, useMemo, useState } from "react";

import { readEvents, readRecords } from "./queries";
import { entryOfEvent, entryOfRecord, type LogEntry, merged } from "@/lib/run/log";
import { LOG_LINES, type RunState } from "@/lib/run/state";
import { saveBlob } from "@/lib/saving";

const PAGE_ROWS = 10_000;
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** What happened, the newest first: RunEvents and progress, the last 500, and everything on demand. */
export function EventLog({ run, name }: { run: RunState; name: string }) {
  const [earlier, setEarlier] = useState<{ entries: LogEntry[]; firstRow: number } | null>(null);
  const [words, setWords] = useState("");
  const { jobId, curveJobId } = run;
  const firstRow = earlier?.firstRow ?? run.firstRow;
  const entries = useMemo(() => (earlier === null ? run.log : merged(earlier.entries, run.log)), [earlier, run.log]);
  const shown = useMemo(() => entries.filter((entry) => holds(entry, words)).toReversed(), [entries, words]);
  const load = useMutation({
    mutationFn: async () => {
      const after = Math.max(0, firstRow - 1 - LOG_LINES);
      const rows = curveJobId === null ? [] : await readRecords(curveJobId, after, LOG_LINES);
      const older = rows.map((record) => entryOfRecord(curveJobId ?? jobId, record));
      setEarlier({ entries: merged(older, earlier?.entries ?? [...run.log]), firstRow: after + 1 });
    },
  });
  const save = useMutation({
    mutationFn: async () => saveBlob(new Blob(await everything(run), { type: "text/plain" }), `${name}-events.log`),
  });
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <TextInput
          size="xs"
          aria-label="Filter events"
          placeholder="Filter"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Text size="xs" c="dimmed">
            {shown.length} shown
          </Text>
          <Button size="compact-xs" variant="default" loading={save.isPending} onClick={() => save.mutate()}>
            Download all
          </Button>
        </Group>
      </Group>
      {save.error !== null && <Text c="red">{save.error.message}</Text>}
      {shown.length === 0 ? (
        <Text size="sm" c="dimmed" py="md">
          {run.isLoaded ? "No events." : "Reading the events…"}
        </Text>
      ) : (
        <ol className="job-log" tabIndex={0} aria-label="Events, the newest first">
          {shown.map((entry) => (
            <Line key={entry.key} entry={entry} />
          ))}
        </ol>
      )}
      {firstRow > 1 && (
        <Button
          size="compact-xs"
          variant="default"
          loading={load.isPending}
          onClick={() => load.mutate()}
          style={{ alignSelf: "start" }}
        >
          Load earlier
        </Button>
      )}
    </Stack>
  );
}

/** A line never changes, so that a new one costs one, not all. */
const Line = memo(function Line({ entry }: { entry: LogEntry }) {
  return (
    <li data-key={entry.key} data-severity={entry.severity}>
      <time>{clock(entry.at)}</time>
      <span className="job-log-name">{entry.name}</span>
      <span className="job-break">{entry.message}</span>
    </li>
  );
});

/** All events and all rows of the journal, as lines. */
async function everything(run: RunState): Promise<string[]> {
  const lines = (await readEvents(run.jobId)).map(entryOfEvent);
  const { curveJobId } = run;
  for (let after = 0; curveJobId !== null;) {
    const rows = await readRecords(curveJobId, after, PAGE_ROWS);
    for (const row of rows) {
      lines.push(entryOfRecord(curveJobId, row));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length === 0) {
      break;
    }
    after = last.seq;
  }
  lines.sort((one, other) => one.at - other.at);
  return lines.map((line) => `${new Date(line.at).toISOString()} ${line.name} ${line.message}\n`);
}

function holds(entry: LogEntry, words: string): boolean {
  return words === "" || `${entry.name} ${entry.message}`.toLowerCase().includes(words.toLowerCase());
}

function clock(at: number): string {
  return Number.isFinite(at) ? CLOCK.format(at) : "";
}
