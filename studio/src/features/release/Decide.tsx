import { Button, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, endpointKey, http, type ReleaseRow } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";

type Decision = "promote" | "reject" | "retire" | "canary" | "rollback";

const POSSIBLE: Record<ReleaseRow["state"], readonly Decision[]> = {
  candidate: ["promote", "canary", "reject"],
  live: ["rollback", "retire"],
  superseded: ["promote", "retire"],
  rolled_back: ["promote", "retire"],
  rejected: [],
  retired: [],
};
const WORDS: Record<Decision, string> = {
  promote: "Promote",
  reject: "Reject",
  retire: "Retire",
  canary: "Set share",
  rollback: "Roll back",
};

/** What can be decided about a release, each with its reason. */
export function Decide({ row }: { row: ReleaseRow }) {
  const [reason, setReason] = useState("");
  const [percent, setPercent] = useState<number | string>(5);
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: Decision) => answer(asked(row, decision, reason, Number(percent) / 100)),
    onSuccess: () => setReason(""),
    onSettled: () =>
      Promise.all(
        [["releases", row.project_id], endpointKey(row.project_id)].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const possible = POSSIBLE[row.state];
  if (possible.length === 0) {
    return null;
  }
  return (
    <Stack gap="xs" maw={640}>
      <TextInput
        size="xs"
        label="Why (kept with the decision)"
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Group gap="xs" align="flex-end">
        {possible.map((decision, index) => (
          <Button
            key={decision}
            size="xs"
            variant={index === 0 && decision === "promote" ? "filled" : "default"}
            disabled={reason.trim() === ""}
            loading={decide.isPending && decide.variables === decision}
            onClick={() => decide.mutate(decision)}
          >
            {WORDS[decision]}
          </Button>
        ))}
        {possible.includes("canary") && (
          <NumberInput
            size="xs"
            w={150}
            label="Share of conversations"
            suffix=" %"
            min={0}
            max={100}
            value={percent}
            onChange={setPercent}
          />
        )}
      </Group>
      {decide.error !== null && <ErrorNotice error={decide.error} />}
    </Stack>
  );
}

function asked(row: ReleaseRow, decision: Decision, reason: string, share: number) {
  const params = { path: { project_id: row.project_id, version: row.version } };
  const body = { reason };
  switch (decision) {
    case "promote":
      return http.POST("/api/projects/{project_id}/releases/{version}/promote", { params, body });
    case "reject":
      return http.POST("/api/projects/{project_id}/releases/{version}/reject", { params, body });
    case "retire":
      return http.POST("/api/projects/{project_id}/releases/{version}/retire", { params, body });
    case "canary":
      return http.POST("/api/projects/{project_id}/releases/{version}/canary", { params, body: { reason, share } });
    case "rollback":
      return http.POST("/api/projects/{project_id}/rollback", {
        params: { path: { project_id: row.project_id } },
        body,
      });
  }
}
