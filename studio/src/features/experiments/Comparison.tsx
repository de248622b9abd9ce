import { Alert, Text } from "@mantine/core";
import { useQueries, type UseQueryResult } from "@tanstack/react-query";

import { ConfigDiff } from "./ConfigDiff";
import { MetricsTable } from "./MetricsTable";
import { curveQuery } from "./queries";
import { artifactQuery, type Experiment, jobQuery, resultsQuery } from "@/api";
import { CompareChart } from "@/components/chart/CompareChart";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import type { Curve } from "@/lib/run/curve";
import { experimentName } from "@/lib/experiments";
import { isOver } from "@/lib/jobs";
import { textIn } from "@/lib/json";

/** Some trainings beside each other: curves, recipes, metrics. */
export function Comparison({ experiments }: { experiments: readonly Experiment[] }) {
  const jobs = useQueries({ queries: experiments.map(({ job_id }) => jobQuery(job_id)) });
  const isDone = jobs.map(({ data }) => data !== undefined && isOver(data));
  const isRunning = jobs.map(({ data }) => data !== undefined && !isOver(data));
  const drawn = useQueries({
    queries: experiments.map(({ job_id }, index) => curveQuery(job_id, isRunning[index] === true)),
    combine: together,
  });
  const plans = useQueries({ queries: experiments.map((one) => artifactQuery(one.project_id, one.plan_id)) });
  const results = useQueries({
    queries: experiments.map(({ job_id }, index) => ({ ...resultsQuery(job_id), enabled: isDone[index] === true })),
  });
  const names = experiments.map(({ id }) => experimentName(id));
  const bodies = plans.flatMap(({ data }) => (data === undefined ? [] : [data.body]));
  const manifests = new Set(bodies.map((body) => textIn(body, "manifest_id")));
  const failed = drawn.error ?? plans.find(({ error }) => error !== null)?.error ?? null;
  return (
    <>
      {failed !== null && <ErrorNotice error={failed} title="Not everything could be read" />}
      {manifests.size > 1 && (
        <Alert color="orange" variant="outline" p="xs" role="status">
          These were trained and evaluated on different manifests: their losses are of different examples. Compare each
          with its own base rather than with each other.
        </Alert>
      )}
      <Panel title="Curves">
        {drawn.curves.every((curve) => curve === null) ? (
          <Text c="dimmed" size="sm" py="xl" ta="center" role="status">
            Reading the curves…
          </Text>
        ) : (
          <CompareChart names={names} curves={drawn.curves} />
        )}
      </Panel>
      <Panel title="Metrics">
        <MetricsTable names={names} results={results.map(({ data }) => data ?? null)} />
      </Panel>
      <Panel title="Recipes">
        {bodies.length === experiments.length ? (
          <ConfigDiff names={names} bodies={bodies} />
        ) : (
          <Text size="sm" c="dimmed" role="status">
            Reading the recipes…
          </Text>
        )}
      </Panel>
    </>
  );
}

/** The same object for as long as no curve has changed. */
function together(found: readonly UseQueryResult<Curve>[]) {
  return {
    curves: found.map(({ data }) => data ?? null),
    error: found.find(({ error }) => error !== null)?.error ?? null,
  };
}
