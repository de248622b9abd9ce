import { Anchor } from "@mantine/core";
import { Link } from "react-router";

import { JobCards } from "./JobCards";
import { useJobs } from "./useJobs";
import { EmptyState } from "@/components/EmptyState";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";

const NUM_SHOWN = 10;

/** The newest jobs, for Home. */
export function RecentJobs() {
  const { jobs, names, outlooks } = useJobs({ limit: NUM_SHOWN, top_level: true });
  return (
    <Panel
      title="Jobs"
      actions={
        <Anchor component={Link} to="/jobs" size="sm">
          All jobs
        </Anchor>
      }
    >
      <QueryView
        query={jobs}
        isEmpty={(page) => page.jobs.length === 0}
        empty={<EmptyState title="No jobs yet." command="brewslm quickstart" />}
      >
        {(page) => <JobCards jobs={page.jobs} names={names} outlooks={outlooks} />}
      </QueryView>
    </Panel>
  );
}
