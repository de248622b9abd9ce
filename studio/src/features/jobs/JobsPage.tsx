import { Button, Group, Select, Switch, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { RefreshCw } from "lucide-react";
import { useState } from "react";

import { JobCards } from "./JobCards";
import { JobsTable } from "./JobsTable";
import { useJobs } from "./useJobs";
import { EmptyState } from "@/components/EmptyState";
import { LinkState } from "@/components/live";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { SearchField } from "@/components/SearchField";
import { useAddress } from "@/components/useAddress";

const PAGE_SIZE = 25;
const STATUSES = ["queued", "running", "completed", "failed", "cancelled"] as const;
const ORDERS = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
  { value: "finished", label: "Last to end first" },
] as const;

/** All jobs: searched, filtered, sorted, page by page. */
export function JobsPage() {
  const { params, settled, change } = useAddress();
  const [cursors, setCursors] = useState<readonly number[]>([]);
  const isNarrow = useMediaQuery("(max-width: 62em)");
  const status = STATUSES.find((one) => one === params.get("status"));
  const order = ORDERS.find(({ value }) => value === params.get("sort"))?.value ?? "newest";
  const text = params.get("q") ?? "";
  const hasSteps = params.get("steps") === "yes";
  const q = settled.get("q") ?? "";
  const { jobs, names, outlooks } = useJobs({
    q,
    sort: order,
    limit: PAGE_SIZE,
    top_level: !hasSteps,
    ...(status === undefined ? {} : { status: [status] }),
    ...(cursors.length === 0 ? {} : { before_id: cursors[cursors.length - 1] }),
  });
  const choose = (name: string, value: string | null) => {
    setCursors([]);
    change((next) => {
      if (value === null || value === "") {
        next.delete(name);
      } else {
        next.set(name, value);
      }
    });
  };
  const isFiltered = q !== "" || status !== undefined || cursors.length > 0;
  const nextBefore = jobs.data?.next_before_id ?? null;
  return (
    <Page
      title="Jobs"
      lead={<LinkState />}
      actions={
        <Button
          variant="default"
          size="xs"
          leftSection={<RefreshCw size={14} aria-hidden />}
          loading={jobs.isFetching && !jobs.isPlaceholderData && jobs.data === undefined}
          onClick={() => void jobs.refetch()}
        >
          Refresh
        </Button>
      }
    >
      <Group gap="xs" align="center">
        <SearchField label="Search jobs" value={text} onChange={(value) => choose("q", value)} />
        <Select
          aria-label="Status"
          placeholder="Any status"
          clearable
          data={STATUSES.map((one) => ({ value: one, label: one }))}
          value={status ?? null}
          onChange={(value) => choose("status", value)}
          w={150}
        />
        <Select
          aria-label="Order"
          data={[...ORDERS]}
          value={order}
          allowDeselect={false}
          onChange={(value) => choose("sort", value)}
          w={160}
        />
        <Switch
          label="With steps of flows"
          checked={hasSteps}
          onChange={(event) => choose("steps", event.currentTarget.checked ? "yes" : null)}
        />
      </Group>
      <Panel>
        <QueryView
          query={jobs}
          isEmpty={(page) => page.jobs.length === 0}
          empty={
            isFiltered ? (
              <EmptyState title="No job is like that.">Change the search or the status.</EmptyState>
            ) : (
              <EmptyState title="No jobs yet." command="brewslm quickstart">
                Everything that runs appears here: imports, trainings, evaluations, exports.
              </EmptyState>
            )
          }
        >
          {(page) =>
            isNarrow ? (
              <JobCards jobs={page.jobs} names={names} outlooks={outlooks} />
            ) : (
              <JobsTable jobs={page.jobs} names={names} outlooks={outlooks} />
            )
          }
        </QueryView>
      </Panel>
      {(cursors.length > 0 || nextBefore !== null) && (
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            Page {cursors.length + 1}
          </Text>
          <Group gap="xs">
            <Button
              variant="default"
              size="xs"
              disabled={cursors.length === 0}
              onClick={() => setCursors(cursors.slice(0, -1))}
            >
              Previous
            </Button>
            <Button
              variant="default"
              size="xs"
              disabled={nextBefore === null}
              onClick={() => nextBefore !== null && setCursors([...cursors, nextBefore])}
            >
              Next
            </Button>
          </Group>
        </Group>
      )}
    </Page>
  );
}
