import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { followedJobQuery, type Job, jobsKey, projectKey } from "@/api";
import { isOver } from "@/lib/jobs";

export type Work<Input> = {
  start: (input: Input) => void;
  /** The job that was asked for here last; its page has everything about it. */
  job: Job | null;
  /** Why it could not be asked for. */
  error: Error | null;
  isBusy: boolean;
};

/** Ask for a piece of work and follow it; when it is done, what is known of the project is asked for again. */
export function useWork<Input>(projectId: number, submit: (input: Input) => Promise<Job>): Work<Input> {
  const client = useQueryClient();
  const order = useMutation({
    mutationFn: submit,
    onSuccess: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  const job = useFollowedJob(projectId, order.data?.id ?? null) ?? order.data ?? null;
  return {
    start: order.mutate,
    job,
    error: order.error,
    isBusy: order.isPending || (job !== null && !isOver(job)),
  };
}

/** The job as it stands now; when it has ended, what is known of the project is asked for again. */
export function useFollowedJob(projectId: number, jobId: number | null): Job | null {
  const client = useQueryClient();
  const { data } = useQuery(followedJobQuery(jobId ?? 0));
  const ended = jobId !== null && data !== undefined && isOver(data) ? data.id : null;
  useEffect(() => {
    if (ended !== null) {
      void client.invalidateQueries({ queryKey: projectKey(projectId) });
    }
  }, [client, ended, projectId]);
  return jobId === null ? null : (data ?? null);
}
