import { Anchor, Badge, Button, Code, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { type EventQuery, exportAddress } from "./choice";
import { eventsQuery } from "./queries";
import { useCursor } from "./useCursor";
import type { RunEvent } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { FactList } from "@/components/FactList";
import { Pager } from "@/components/Pager";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { legibleJson } from "@/lib/bidi";
import { jobOfRun } from "@/lib/ids";
import { formatMoment } from "@/lib/time";

const PAGE_SIZE = 25;
const COLORS: Readonly<Record<RunEvent["severity"], string>> = {
  info: "gray",
  warning: "orange",
  error: "red",
  critical: "red",
};

/** RunEvents, the newest first, page by page; and those that are chosen as a file. */
export function Events({ projectId, query }: { projectId: number; query: EventQuery }) {
  const { before, page, previous, next } = useCursor(query);
  const events = useQuery(eventsQuery(projectId, query, before, PAGE_SIZE));
  const isChosen = Object.keys(query).length > 0;
  return (
    <Panel
      title="Events"
      actions={
        <Group gap="xs">
          {(["jsonl", "csv"] as const).map((format) => (
            <Button
              key={format}
              component="a"
              href={exportAddress(projectId, query, format)}
              download
              size="compact-xs"
              variant="default"
              aria-label={`Save as ${format.toUpperCase()}, ${isChosen ? "these" : "all"} events`}
            >
              Save as {format.toUpperCase()}
            </Button>
          ))}
        </Group>
      }
    >
      <QueryView
        query={events}
        isEmpty={(found) => found.length === 0}
        empty={<EmptyState title={isChosen || before !== null ? "No event is like that." : "No events yet."} />}
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
          {legibleJson(event.payload, 2)}
        </Code>
      </details>
    </li>
  );
}
