import { Anchor, Badge, Button, Code, Group, MultiSelect, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { type EventFilter, eventsQuery, readAllEvents } from "./queries";
import { useCursor } from "./useCursor";
import { reasonsQuery, type RunEvent } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { FactList } from "@/components/FactList";
import { Pager } from "@/components/Pager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { jobOfRun } from "@/lib/ids";
import { saveBlob } from "@/lib/saving";
import { formatMoment } from "@/lib/time";

const PAGE_SIZE = 25;
const SEVERITIES = ["info", "warning", "error", "critical"] as const;
const COLORS: Readonly<Record<RunEvent["severity"], string>> = {
  info: "gray",
  warning: "orange",
  error: "red",
  critical: "red",
};

/** RunEvents, the newest first: chosen by severity and stage, page by page, and all of them as a file. */
export function Events({ projectId }: { projectId: number }) {
  const [severity, setSeverity] = useState<EventFilter["severity"]>([]);
  const [stage, setStage] = useState<EventFilter["stage"]>([]);
  const { before, page, previous, next, reset } = useCursor();
  const events = useQuery(eventsQuery(projectId, { severity, stage, before }, PAGE_SIZE));
  const reasons = useQuery(reasonsQuery());
  const stages = [...new Set((reasons.data ?? []).map((one) => one.stage))];
  const save = useMutation({
    mutationFn: async () => {
      const lines = await readAllEvents(projectId);
      saveBlob(new Blob(lines, { type: "application/x-ndjson" }), `project-${projectId}-events.jsonl`);
    },
  });
  return (
    <Panel
      title="Events"
      actions={
        <Button size="compact-xs" variant="default" loading={save.isPending} onClick={() => save.mutate()}>
          Download all
        </Button>
      }
    >
      {save.error !== null && <ErrorNotice error={save.error} />}
      <Group gap="xs" mb="xs">
        <MultiSelect
          size="xs"
          miw={200}
          aria-label="Severity"
          placeholder={severity.length === 0 ? "Any severity" : undefined}
          clearable
          data={[...SEVERITIES]}
          value={severity}
          onChange={(values) => {
            setSeverity(SEVERITIES.filter((one) => values.includes(one)));
            reset();
          }}
        />
        <MultiSelect
          size="xs"
          miw={200}
          aria-label="Stage"
          placeholder={stage.length === 0 ? "Any stage" : undefined}
          clearable
          searchable
          data={stages}
          value={stage}
          onChange={(values) => {
            setStage(stages.filter((one) => values.includes(one)));
            reset();
          }}
        />
      </Group>
      <QueryView
        query={events}
        isEmpty={(found) => found.length === 0}
        empty={
          <EmptyState
            title={severity.length + stage.length > 0 || before !== null ? "No event is like that." : "No events yet."}
          />
        }
      >
        {(found) => (
          <ol className="studio-list studio-events" aria-label="Events, the newest first">
            {found.toReversed().map((event) => (
              <Line key={event.seq} event={event} />
            ))}
          </ol>
        )}
      </QueryView>
      <Pager
        label={`Page ${page}`}
        onPrevious={previous}
        onNext={next(events.data?.length === PAGE_SIZE ? (events.data[0]?.seq ?? null) : null)}
      />
    </Panel>
  );
}

function Line({ event }: { event: RunEvent }) {
  const jobId = jobOfRun(event.run_id);
  return (
    <li>
      <details className="studio-details">
        <summary>
          <Text span size="xs" c="dimmed">
            {formatMoment(event.occurred_at)}
          </Text>{" "}
          <Badge
            color={COLORS[event.severity]}
            variant="light"
            c={event.severity === "warning" ? "var(--mantine-color-text)" : undefined}
            size="sm"
            tt="none"
            radius="sm"
            miw="max-content"
          >
            {event.severity}
          </Badge>{" "}
          <Text span size="xs" c="dimmed">
            {event.stage}
          </Text>{" "}
          {event.summary}
        </summary>
        <FactList
          facts={[
            [
              "Reason",
              <span key="reason" className="studio-mono">
                {event.reason}
              </span>,
            ],
            [
              "Run",
              jobId === null ? (
                event.run_id
              ) : (
                <Anchor key="run" component={Link} to={`/jobs/${jobId}`} size="sm" className="studio-mono">
                  {event.run_id}
                </Anchor>
              ),
            ],
            ["By", event.actor],
            ["Number", event.seq],
            [
              "Hash",
              <span key="hash" className="studio-mono">
                {event.hash}
              </span>,
            ],
            [
              "After",
              <span key="after" className="studio-mono">
                {event.prev_hash}
              </span>,
            ],
          ]}
        />
        <Code block mt="xs" mah={240} tabIndex={0} style={{ overflow: "auto" }}>
          {JSON.stringify(event.payload, null, 2)}
        </Code>
      </details>
    </li>
  );
}
