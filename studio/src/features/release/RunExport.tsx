import { Button, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, artifactsOfKindQuery, type EngineName, type ExportInputs, http, jobsKey } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { JobStarted } from "@/components/JobStarted";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { EngineSelect } from "@/components/work/EngineSelect";
import { evaluationOf } from "@/lib/reports/evaluation";
import { formatMoment } from "@/lib/time";

type Target = "transformers" | "vllm" | "llama_cpp" | "ollama";
const TARGETS: readonly { value: Target; label: string }[] = [
  { value: "transformers", label: "Transformers" },
  { value: "vllm", label: "vLLM" },
  { value: "llama_cpp", label: "llama.cpp" },
  { value: "ollama", label: "Ollama" },
];
const QUANTIZATIONS = ["f32", "f16", "bf16", "q8_0", "q5_k_m", "q4_k_m"];

/** Merges an evaluated adapter into a bundle, and compares that with the tuned model. */
export function RunExport({ projectId }: { projectId: number }) {
  const reports = useQuery(artifactsOfKindQuery(projectId, "eval_report"));
  return (
    <Panel title="Run an export">
      <QueryView
        query={reports}
        lines={2}
        isEmpty={(all) => all.length === 0}
        empty={
          <EmptyState title="Nothing is evaluated yet." command={`brewslm evaluate --project ${projectId}`}>
            Only an evaluated adapter can be exported.
          </EmptyState>
        }
      >
        {(all) => (
          <ExportForm
            projectId={projectId}
            reports={all.toReversed().map(({ id, body, created_at }) => {
              const { adapterId, verdict } = evaluationOf(body);
              return { id, adapterId, label: `${formatMoment(created_at)} · ${verdict} · ${adapterId}` };
            })}
          />
        )}
      </QueryView>
    </Panel>
  );
}

type Evaluated = { id: string; adapterId: string; label: string };

function ExportForm({ projectId, reports }: { projectId: number; reports: readonly Evaluated[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [target, setTarget] = useState<Target>("transformers");
  const [quantization, setQuantization] = useState("q8_0");
  const [engine, setEngine] = useState<EngineName>("local");
  const isGguf = target === "llama_cpp" || target === "ollama";
  const report = reports.find(({ id }) => id === chosen) ?? reports[0];
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (body: ExportInputs) => {
      const params = { path: { project_id: projectId }, query: { engine } };
      return answer(http.POST("/api/projects/{project_id}/stages/export", { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (report !== undefined) {
          const form = isGguf ? { format: "gguf", quantization } : { format: "huggingface" };
          run.mutate({ adapter_id: report.adapterId, eval_report_id: report.id, target, ...form });
        }
      }}
    >
      <Stack gap="sm" maw={640}>
        <Select
          label="Evaluated adapter"
          description="When it was evaluated, and how it did against its base"
          data={reports.map(({ id, label }) => ({ value: id, label }))}
          value={report?.id ?? null}
          allowDeselect={false}
          searchable
          onChange={setChosen}
        />
        <Select
          label="What will load it"
          data={[...TARGETS]}
          value={target}
          allowDeselect={false}
          onChange={(value) => setTarget(TARGETS.find((one) => one.value === value)?.value ?? "transformers")}
        />
        {isGguf && (
          <Select
            label="Numbers"
            description="Fewer bits are smaller and faster, and further from the tuned model; how far is measured"
            data={QUANTIZATIONS}
            value={quantization}
            allowDeselect={false}
            onChange={(value) => setQuantization(value ?? "q8_0")}
          />
        )}
        <Text size="sm" c="dimmed">
          {isGguf ? "A GGUF file, loaded by llama.cpp itself. " : "A Hugging Face folder. "}
          Nothing is published where the saved model differs from the tuned one by more than its numbers explain.
        </Text>
        <EngineSelect value={engine} onChange={setEngine} />
        {run.error !== null && <ErrorNotice error={run.error} />}
        <JobStarted job={run.data} />
        <Button type="submit" size="xs" loading={run.isPending} style={{ alignSelf: "start" }}>
          Export
        </Button>
      </Stack>
    </form>
  );
}
