import { useQuery } from "@tanstack/react-query";

import { jobsQuery, type JobsQuery, type Outlook, outlooksQuery, projectsQuery } from "@/api";

/** Jobs of a list, with what is known beside them: names of projects, and outlooks of trainings. */
export function useJobs(query: JobsQuery) {
  const jobs = useQuery(jobsQuery(query));
  const projects = useQuery(projectsQuery());
  const trainings = (jobs.data?.jobs ?? []).filter(({ kind }) => kind === "train" || kind === "autopilot");
  const outlooks = useQuery(outlooksQuery(trainings.map(({ id }) => id)));
  return {
    jobs,
    names: new Map((projects.data ?? []).map(({ id, name }) => [id, name])),
    outlooks: new Map<number, Outlook>((outlooks.data ?? []).map((outlook) => [outlook.job_id, outlook])),
  };
}

export type JobContext = Pick<ReturnType<typeof useJobs>, "names" | "outlooks">;
