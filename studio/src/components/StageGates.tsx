import { Anchor, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";

import { ErrorNotice } from "./ErrorNotice";
import { GateQuestion } from "./GateQuestion";
import { Panel } from "./Panel";
import { QueryView } from "./QueryView";
import { RelativeTime } from "./RelativeTime";
import { answer, gateModesKey, gateModesQuery, gatesQuery, http, POLL_MS, type StageGate } from "@/api";
import { Said } from "@/components/Said";
import { enclosed } from "@/lib/bidi";

const MODES = [
  { value: "auto", label: "The stage's checks alone" },
  { value: "auto-judge", label: "A language model, too" },
  { value: "human", label: "A person" },
] as const;
type Mode = (typeof MODES)[number]["value"];
const NUM_SHOWN = 5;

type StageGatesProps = { projectId: number; stages: readonly StageGate["stage"][] };

/** Who decides whether what these stages made may be used, what waits for a decision, and the last ones. */
export function StageGates({ projectId, stages }: StageGatesProps) {
  const gates = useQuery({ ...gatesQuery(projectId), refetchInterval: POLL_MS });
  return (
    <Panel title="Who decides">
      <Stack gap="sm">
        {stages.map((stage) => (
          <Decider key={stage} projectId={projectId} stage={stage} />
        ))}
        <QueryView query={gates} lines={1}>
          {(all) => {
            const ours = all.filter(({ stage }) => stages.includes(stage));
            const waiting = ours.filter(({ state }) => state === "waiting");
            const decided = ours.filter(({ state }) => state !== "waiting").slice(0, NUM_SHOWN);
            return (
              <Stack gap="xs">
                {waiting.map((gate) => (
                  <GateQuestion key={gate.id} gate={gate} />
                ))}
                {decided.map((gate) => (
                  <Text key={gate.id} size="sm" className="studio-wrap">
                    {gate.stage} of{" "}
                    <Anchor component={Link} to={`/jobs/${gate.job_id}`} size="sm" underline="always">
                      job {gate.job_id}
                    </Anchor>
                    : {gate.state} by <Said>{gate.actor ?? "nobody"}</Said>
                    {gate.note !== "" && `, “${enclosed(gate.note)}”`}
                    {gate.decided_at !== null && (
                      <>
                        , <RelativeTime at={gate.decided_at} />
                      </>
                    )}
                  </Text>
                ))}
                {ours.length === 0 && (
                  <Text size="sm" c="dimmed">
                    Nothing waits for a decision, and none was asked for.
                  </Text>
                )}
              </Stack>
            );
          }}
        </QueryView>
      </Stack>
    </Panel>
  );
}

function Decider({ projectId, stage }: { projectId: number; stage: StageGate["stage"] }) {
  const client = useQueryClient();
  const modes = useQuery(gateModesQuery(projectId));
  const change = useMutation({
    mutationFn: (mode: Mode) => {
      const params = { path: { project_id: projectId, stage } };
      return answer(http.PUT("/api/projects/{project_id}/gates/{stage}", { params, body: { mode } }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: gateModesKey(projectId) }),
  });
  return (
    <>
      <Select
        size="xs"
        maw={320}
        label={`After ${stage}, from now on`}
        data={[...MODES]}
        value={modes.data?.[stage] ?? null}
        allowDeselect={false}
        disabled={modes.data === undefined || change.isPending}
        onChange={(value) => {
          const found = MODES.find((one) => one.value === value);
          if (found !== undefined) {
            change.mutate(found.value);
          }
        }}
      />
      {change.error !== null && <ErrorNotice error={change.error} />}
      {modes.error !== null && <ErrorNotice error={modes.error} onRetry={() => void modes.refetch()} />}
    </>
  );
}
