import { Button, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { packsQuery } from "./queries";
import { answer, type EngineName, type EvaluationRequest, http, jobsKey } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { JobStarted } from "@/components/JobStarted";
import { Panel } from "@/components/Panel";
import { EngineSelect } from "@/components/work/EngineSelect";
import { linesOf } from "@/lib/words";

/** Evaluates the newest adapter, with prompts and a file of one's own where wanted. */
export function RunEvaluation({ projectId }: { projectId: number }) {
  const [prompts, setPrompts] = useState("");
  const [locator, setLocator] = useState("");
  const [pack, setPack] = useState<string | null>(null);
  const [engine, setEngine] = useState<EngineName>("local");
  const packs = useQuery(packsQuery());
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (body: EvaluationRequest) => {
      const params = { path: { project_id: projectId }, query: { engine } };
      return answer(http.POST("/api/projects/{project_id}/evaluation", { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  return (
    <Panel title="Run an evaluation">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate({ prompts: linesOf(prompts), locator: locator.trim() === "" ? null : locator.trim(), pack });
        }}
      >
        <Stack gap="sm" maw={640}>
          <Text size="sm" c="dimmed">
            Of the newest adapter, on the splits that were held out from its training.
          </Text>
          <Textarea
            label="Prompts to answer side by side"
            description="One a line; without any, the first of the test split"
            autosize
            minRows={2}
            maxRows={8}
            value={prompts}
            onChange={(event) => setPrompts(event.currentTarget.value)}
          />
          <Select
            label="Eval pack"
            description="What is measured and asked for; without one, what needs no generated answers"
            placeholder="The usual"
            clearable
            data={(packs.data ?? []).map((one) => ({
              value: one.name,
              label: one.name,
              disabled: one.version === null,
            }))}
            value={pack}
            onChange={setPack}
          />
          <TextInput
            label="A file besides"
            description="Only for classification: with the columns and labels of the training data"
            placeholder="/path/to/file.csv"
            value={locator}
            onChange={(event) => setLocator(event.currentTarget.value)}
          />
          <EngineSelect value={engine} onChange={setEngine} />
          {run.error !== null && <ErrorNotice error={run.error} />}
          <JobStarted job={run.data} />
          <Button type="submit" size="xs" loading={run.isPending} style={{ alignSelf: "start" }}>
            Evaluate
          </Button>
        </Stack>
      </form>
    </Panel>
  );
}
