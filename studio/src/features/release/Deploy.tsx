import { Button, Stack, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, type DeployInputs, http, jobsKey } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { JobStarted } from "@/components/JobStarted";
import { linesOf } from "@/lib/words";

/** Loads a bundle in a process of its own, lets it answer, and registers it as a release candidate. */
export function Deploy({ projectId, bundleId }: { projectId: number; bundleId: string }) {
  const [prompts, setPrompts] = useState("");
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (body: Partial<DeployInputs> & Pick<DeployInputs, "bundle_id">) => {
      const params = { path: { project_id: projectId } };
      return answer(http.POST("/api/projects/{project_id}/stages/deploy", { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  return (
    <details className="studio-details">
      <summary>Smoke-test it and register a release</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const lines = linesOf(prompts);
          run.mutate({ bundle_id: bundleId, ...(lines.length === 0 ? {} : { prompts: lines }) });
        }}
      >
        <Stack gap="sm" maw={640} pl="md" pt={4}>
          <Textarea
            label="Prompts that it must answer"
            description="One a line; without any, two greetings"
            autosize
            minRows={2}
            maxRows={8}
            value={prompts}
            onChange={(event) => setPrompts(event.currentTarget.value)}
          />
          {run.error !== null && <ErrorNotice error={run.error} />}
          <JobStarted job={run.data} />
          <Button type="submit" size="xs" loading={run.isPending} style={{ alignSelf: "start" }}>
            Register
          </Button>
        </Stack>
      </form>
    </details>
  );
}
