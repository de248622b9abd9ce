import { Alert, Button, Group, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorNotice } from "./ErrorNotice";
import { answer, http, jobsKey, type StageGate } from "@/api";

/** A gate that waits for a person: what is asked, and the two answers with their reason. */
export function GateQuestion({ gate }: { gate: StageGate }) {
  const [note, setNote] = useState("");
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (isApproved: boolean) => {
      const asked = { params: { path: { gate_id: gate.id } }, body: { note } };
      return answer(
        isApproved ? http.POST("/api/gates/{gate_id}/approve", asked) : http.POST("/api/gates/{gate_id}/reject", asked),
      );
    },
    onSettled: () =>
      Promise.all([jobsKey, ["job"], ["gates"]].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  return (
    <Alert
      color="orange"
      variant="outline"
      role="alert"
      title={`Waits for a decision: ${gate.stage} of job ${gate.job_id}`}
    >
      <Text size="sm" className="studio-wrap">
        {gate.question}
      </Text>
      <TextInput
        size="xs"
        mt="xs"
        label="Why (kept with the decision)"
        maxLength={4000}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group gap="xs" mt="xs">
        <Button size="xs" loading={decide.isPending} onClick={() => decide.mutate(true)}>
          Approve
        </Button>
        <Button size="xs" variant="default" loading={decide.isPending} onClick={() => decide.mutate(false)}>
          Reject
        </Button>
      </Group>
      {decide.error !== null && <ErrorNotice error={decide.error} />}
    </Alert>
  );
}
