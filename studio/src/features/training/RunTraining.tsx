import { Alert, Anchor, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useMutation, type UseMutationResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { Play, Square } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";

import { OutputBox } from "./OutputBox";
import { useRunOutput } from "./useRunOutput";
import { answer, type BrewRun, type BrewState, http, jobsKey, manifestQuery, type Stopping } from "@/api";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { enclosed } from "@/lib/bidi";

const EXAMPLE = `from brewslm import create_brew, create_trainer

brew = create_brew(
    trainer=create_trainer(name="my-first", dataset="sample:general-chat-v1"),
)`;

const STOPS: Record<BrewRun["phase"], string> = {
  starting: "It has not begun its first job yet. Nothing is lost.",
  importing: "The import stops. What other jobs made stays.",
  training:
    "Its worker saves a checkpoint and stops. What is done is kept, and the training can be retried from there.",
};

/** Runs the trainer of the served folder, as `brewslm start` does in a terminal. */
export function RunTraining() {
  const manifest = useQuery(manifestQuery());
  if (manifest.error !== null && manifest.data === undefined) {
    return (
      <Panel title="Run training">
        <ErrorNotice error={manifest.error} title="Couldn't read manifest" onRetry={() => void manifest.refetch()} />
      </Panel>
    );
  }
  return (
    <Panel title="Run training">
      <QueryView query={manifest}>{(state) => <Trainer state={state} />}</QueryView>
    </Panel>
  );
}

function Trainer({ state }: { state: BrewState }) {
  const client = useQueryClient();
  const output = useRunOutput(state.run?.id ?? null);
  const stop = useMutation({
    mutationFn: () => answer(http.POST("/api/train/stop")),
    onSettled: () => void client.invalidateQueries({ queryKey: manifestQuery().queryKey }),
  });
  const isBusy = state.run !== null || output.isOpen;
  const start = () => {
    stop.reset();
    output.start();
    void client.invalidateQueries({ queryKey: jobsKey });
  };
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button
          leftSection={<Play size={16} aria-hidden />}
          disabled={isBusy || state.trainer === null}
          onClick={start}
        >
          {state.trainer === null ? "Run training" : `Run training: ${state.trainer.name}`}
        </Button>
        {state.run !== null && <Stop run={state.run} stop={stop} />}
        {stop.isSuccess && (state.run?.id ?? stop.data.run.id) === stop.data.run.id && (
          <Text size="sm" role="status">
            {stop.data.message}
          </Text>
        )}
        {stop.error !== null && <ErrorNotice error={stop.error} />}
      </Group>
      <About state={state} />
      {output.error !== null && <ErrorNotice error={output.error} title="It was not started" />}
      {(output.text !== "" || output.isOpen) && (
        <OutputBox text={output.text === "" ? "Starting …" : output.text} label="Output of brewslm start" />
      )}
    </Stack>
  );
}

function About({ state }: { state: BrewState }) {
  if (state.error !== null) {
    return (
      <Alert color="red" variant="outline" role="alert" title={`Couldn't read manifest: ${state.error}`}>
        <Text size="sm">
          Mend <Code>{state.file}</Code> in <Code>{state.folder}</Code>; this page reads it again by itself.
        </Text>
      </Alert>
    );
  }
  if (state.trainer === null) {
    return (
      <div>
        <Text size="sm" fw={600}>
          No trainer yet.
        </Text>
        <Text size="sm" mb="xs">
          Write a file <Code>brew.py</Code> in <Code>{state.folder}</Code>; this page picks it up by itself.
        </Text>
        <Code block tabIndex={0} role="region" aria-label="An example of brew.py">
          {EXAMPLE}
        </Code>
      </div>
    );
  }
  const { trainer, run } = state;
  return (
    <Text size="sm" c="dimmed" component="div">
      <Code>{trainer.dataset}</Code> on <Code>{trainer.base_model}</Code>, profile {trainer.profile}. From{" "}
      <Code>{state.file}</Code>
      {state.changed_at !== null && (
        <>
          , changed <RelativeTime at={state.changed_at} />
        </>
      )}
      ; edits are picked up.
      {run !== null && (
        <>
          {" "}
          In flight: {run.phase}, since <RelativeTime at={run.started_at} />
          {run.job_id !== null && (
            <>
              {" "}
              as{" "}
              <Anchor component={Link} to={`/jobs/${run.job_id}`} underline="always" inherit>
                job {run.job_id}
              </Anchor>
            </>
          )}
          . It goes on when you leave this page.
        </>
      )}
    </Text>
  );
}

function Stop({ run, stop }: { run: BrewRun; stop: UseMutationResult<Stopping, Error, void> }) {
  const [isAsking, setAsking] = useState(false);
  const isStopping = stop.data?.run.id === run.id;
  return (
    <>
      <Button
        variant="default"
        leftSection={<Square size={14} aria-hidden />}
        disabled={isStopping}
        onClick={() => setAsking(true)}
      >
        {isStopping ? "Stopping …" : "Stop"}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        title={`Stop the run of ${enclosed(run.trainer)}?`}
        confirm="Stop it"
        isDangerous
        isBusy={stop.isPending}
        onConfirm={() => stop.mutate(undefined, { onSettled: () => setAsking(false) })}
        onClose={() => setAsking(false)}
      >
        {STOPS[run.phase]}
      </ConfirmDialog>
    </>
  );
}
