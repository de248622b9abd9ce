import { Box, Progress, Stack, Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { Actions } from "./Actions";
import { Artifacts } from "./Artifacts";
import { Banners } from "./Banners";
import { Curves } from "./Curves";
import { EventLog } from "./EventLog";
import { factsOf } from "./facts";
import { Health } from "./Health";
import { artifactsQuery } from "./queries";
import { Recipe } from "./Recipe";
import { Results } from "./Results";
import { Sidebar } from "./Sidebar";
import { Statistics } from "./Statistics";
import { Steps } from "./Steps";
import type { Job } from "@/api";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import type { RunView } from "@/lib/run/store";
import { isFinal } from "@/lib/run/status";

type JobViewProps = { job: Job; view: RunView; pollError: Error | null };

const TRAINS: readonly Job["kind"][] = ["train", "autopilot"];

/** Everything of one job. */
export function JobView({ job, view, pollError }: JobViewProps) {
  const { run, link } = view;
  const facts = factsOf(job, run);
  const artifacts = useQuery(artifactsQuery(job.id));
  const isTraining = TRAINS.includes(job.kind);
  const curveJobId = run.curveJobId ?? job.id;
  return (
    <Page
      title={facts.title}
      lead={job.message || undefined}
      actions={<Actions job={job} status={facts.status} checkpoints={run.curve.checkpoints} />}
    >
      <Banners job={job} run={run} link={link} status={facts.status} pollError={pollError} />
      <div className="job-columns">
        <Sidebar job={job} run={run} facts={facts} artifacts={artifacts.data ?? []} />
        <Stack gap="md" miw={0}>
          {!isFinal(facts.status) && facts.status === "running" && <Done job={job} view={view} />}
          {isTraining && <Curves run={run} name={job.run_id} />}
          {job.kind !== "train" && <Steps job={job} />}
          <Panel>
            <Tabs defaultValue="events" keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="events">Events</Tabs.Tab>
                {isTraining && <Tabs.Tab value="statistics">Advanced</Tabs.Tab>}
                {isTraining && <Tabs.Tab value="health">Health</Tabs.Tab>}
                {isTraining && <Tabs.Tab value="results">Results</Tabs.Tab>}
                <Tabs.Tab value="artifacts">Artifacts ({artifacts.data?.length ?? "…"})</Tabs.Tab>
                {isTraining && <Tabs.Tab value="recipe">Recipe</Tabs.Tab>}
              </Tabs.List>
              <Box pt="md">
                <Tabs.Panel value="events">
                  <EventLog run={run} name={job.run_id} />
                </Tabs.Panel>
                <Tabs.Panel value="statistics">
                  <Statistics jobId={curveJobId} curve={run.curve} />
                </Tabs.Panel>
                <Tabs.Panel value="health">
                  <Health jobId={job.id} />
                </Tabs.Panel>
                <Tabs.Panel value="results">
                  <Results jobId={job.id} isOver={isFinal(facts.status)} />
                </Tabs.Panel>
                <Tabs.Panel value="artifacts">
                  <Artifacts query={artifacts} />
                </Tabs.Panel>
                <Tabs.Panel value="recipe">
                  <Recipe job={job} artifacts={artifacts.data ?? []} />
                </Tabs.Panel>
              </Box>
            </Tabs>
          </Panel>
        </Stack>
      </div>
    </Page>
  );
}

function Done({ job, view }: { job: Job; view: RunView }) {
  const fraction = Math.max(job.fraction, view.run.progress?.fraction ?? 0);
  const message = view.run.progress?.message || job.message;
  return (
    <div>
      <Progress value={100 * fraction} aria-label={`${Math.floor(100 * fraction)} % done`} />
      <Text size="xs" c="dimmed" mt={4}>
        {Math.floor(100 * fraction)} %{message ? ` · ${message}` : ""}
      </Text>
    </div>
  );
}
