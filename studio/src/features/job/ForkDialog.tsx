import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";

import { answer, http, type Job } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { formatNumber } from "@/lib/numbers";
import type { CheckpointRecord } from "@/lib/run/records";

type ForkDialogProps = { job: Job; checkpoints: readonly CheckpointRecord[]; onClose: () => void };

/** Begin a new training with the weights of a checkpoint of this one. */
export function ForkDialog({ job, checkpoints, onClose }: ForkDialogProps) {
  const navigate = useNavigate();
  const [step, setStep] = useState("best");
  const [rate, setRate] = useState("");
  const hasMistake = rate.trim() !== "" && !(Number(rate) > 0);
  const fork = useMutation({
    mutationFn: () => {
      const overrides: Record<string, number> = rate.trim() === "" ? {} : { "optim.learning_rate": Number(rate) };
      const at = step === "best" || step === "last" ? step : Number(step);
      return answer(
        http.POST("/api/jobs/{job_id}/fork", { params: { path: { job_id: job.id } }, body: { step: at, overrides } }),
      );
    },
    onSuccess: (made) => navigate(`/jobs/${made.id}`),
  });
  const steps = [...checkpoints].reverse().map((one) => ({
    value: String(one.step),
    label: `step ${one.step}${one.loss === null ? "" : `, eval loss ${formatNumber(one.loss)}`}`,
  }));
  const unique = steps.filter((one, index) => steps.findIndex((other) => other.value === one.value) === index);
  return (
    <Modal opened onClose={onClose} title="Fork this training" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <Text size="sm">
          A new job trains on the same data by the same recipe, beginning with these weights. This training is not
          changed. Older checkpoints may have been deleted by its recipe; the server says so.
        </Text>
        <Select
          label="From the checkpoint"
          allowDeselect={false}
          value={step}
          onChange={(value) => setStep(value ?? "best")}
          data={[{ value: "best", label: "the best so far" }, { value: "last", label: "the newest" }, ...unique]}
        />
        <TextInput
          label="Learning rate"
          description="Empty: as in this training's recipe."
          placeholder="0.0001"
          inputMode="decimal"
          value={rate}
          error={hasMistake ? "a number above 0, such as 0.0001" : null}
          onChange={(event) => setRate(event.currentTarget.value)}
        />
        {fork.error !== null && <ErrorNotice error={fork.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button loading={fork.isPending} disabled={hasMistake} onClick={() => fork.mutate()}>
            Fork
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
