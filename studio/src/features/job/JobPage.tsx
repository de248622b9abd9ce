import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useParams } from "react-router";

import "./job.css";
import { JobView } from "./JobView";
import { useRun } from "./useRun";
import { ApiError, jobQuery, jobsKey, POLL_MS } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { QueryView } from "@/components/QueryView";
import { idOf } from "@/lib/ids";
import { isFinal } from "@/lib/run/status";

/** How often a job is asked for although the stream tells of it. */
const QUIET_MS = 15_000;

/** One job: how it stands, its curve, and all that happened. */
export function JobPage() {
  const jobId = idOf(useParams()["jobId"]);
  return jobId === null ? <Unknown /> : <Followed key={jobId} jobId={jobId} />;
}

function Followed({ jobId }: { jobId: number }) {
  const view = useRun(jobId);
  const { run, link } = view;
  const polled = useQuery({
    ...jobQuery(jobId),
    refetchInterval: ({ state }) => {
      const isOver = state.data !== undefined && isFinal(state.data.status);
      return isOver ? false : link === "live" ? QUIET_MS : POLL_MS;
    },
  });
  const client = useQueryClient();
  useEffect(() => {
    void client.invalidateQueries({ queryKey: [...jobsKey, "one", jobId] });
    void client.invalidateQueries({ queryKey: ["job", jobId], predicate: ({ queryKey }) => queryKey[2] !== "detail" });
  }, [client, jobId, run.lastEvent, run.stream?.status, run.curve.checkpoints.length]);
  if (polled.error instanceof ApiError && polled.error.status === 404) {
    return <Unknown jobId={jobId} />;
  }
  return polled.data === undefined ? (
    <Page title={`Job ${jobId}`}>
      <QueryView query={polled} lines={8}>
        {() => null}
      </QueryView>
    </Page>
  ) : (
    <JobView job={polled.data} view={view} pollError={polled.error} />
  );
}

function Unknown({ jobId }: { jobId?: number }) {
  return (
    <Page title="No such job">
      <EmptyState
        title={jobId === undefined ? "The address names no job." : `There is no job ${jobId}.`}
        command="brewslm jobs list"
      >
        Its number may be of another workspace.
      </EmptyState>
    </Page>
  );
}
