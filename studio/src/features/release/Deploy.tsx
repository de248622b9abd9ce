import { Button, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, type DeployInputs, http, jobsKey } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { JobStarted } from "@/components/JobStarted";
import { linesOf } from "@/lib/words";

/** Lets a bundle answer, or a runtime that serves it, and registers it as a release candidate. */
export function Deploy({ projectId, bundleId }: { projectId: number; bundleId: string }) {
  const [prompts, setPrompts] = useState("");
  const [url, setUrl] = useState("");
  const [model, setModel] = useState("");
  const [keyEnv, setKeyEnv] = useState("");
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
          run.mutate({
            bundle_id: bundleId,
            ...(lines.length === 0 ? {} : { prompts: lines }),
            ...(url.trim() === ""
              ? {}
              : { upstream: { url: url.trim(), model: model.trim() || null, key_env: keyEnv.trim() || null } }),
          });
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
          <TextInput
            label="Address of a runtime that serves it"
            description="vLLM, Ollama or another OpenAI-compatible server, started with this bundle; empty serves it here"
            placeholder="http://127.0.0.1:8001/v1"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          {url.trim() !== "" && (
            <>
              <TextInput
                label="Name of the model there"
                description="Empty takes the only one, or the one that the bundle's launch note names"
                value={model}
                onChange={(event) => setModel(event.currentTarget.value)}
              />
              <TextInput
                label="Variable with its key"
                description="BREWSLM_UPSTREAM_KEY of the server's environment, or one that begins so; empty sends none"
                value={keyEnv}
                onChange={(event) => setKeyEnv(event.currentTarget.value)}
              />
            </>
          )}
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
