import { Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";

import { ForkDialog } from "./ForkDialog";
import { answer, http, type Job, jobsKey } from "@/api";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import type { CheckpointRecord } from "@/lib/run/records";
import { isFinal, type JobStatus } from "@/lib/run/status";

type ActionsProps = { job: Job; status: JobStatus; checkpoints: readonly CheckpointRecord[] };
type Act = "cancel" | "pause" | "resume" | "retry";

const PAUSABLE: readonly Job["kind"][] = ["train", "autopilot"];

const WORDS: Readonly<Record<Act, { button: string; title: string; text: string }>> = {
  cancel: {
    button: "Cancel",
    title: "Cancel this job?",
    text: "It stops for good. A training saves a checkpoint first, and what it made is kept; a retry goes on from there.",
  },
  pause: {
    button: "Pause",
    title: "Pause this training?",
    text: "It finishes its step, saves a checkpoint and ends, so that its device is free. It goes on as if there had been no pause.",
  },
  resume: {
    button: "Resume",
    title: "Let it go on?",
    text: "It goes on from its checkpoint as soon as its device is free.",
  },
  retry: {
    button: "Retry",
    title: "Do it again?",
    text: "A new job does the same. A training goes on in the same experiment, from its newest checkpoint.",
  },
};

/** What can be done with a job, each confirmed. */
export function Actions({ job, status, checkpoints }: ActionsProps) {
  const [asked, setAsked] = useState<Act | null>(null);
  const [isForking, setIsForking] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const act = useMutation({
    mutationFn: (what: Act) =>
      answer(http.POST(`/api/jobs/{job_id}/${what}`, { params: { path: { job_id: job.id } } })),
    onSuccess: (made) => {
      setAsked(null);
      if (made.id !== job.id) {
        void navigate(`/jobs/${made.id}`);
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  const open = (what: Act) => {
    act.reset();
    setAsked(what);
  };
  const words = WORDS[asked ?? "cancel"];
  return (
    <>
      {actsFor(job, status).map((what) => (
        <Button
          key={what}
          size="xs"
          variant="default"
          c={what === "cancel" ? "red" : undefined}
          onClick={() => open(what)}
        >
          {WORDS[what].button}
        </Button>
      ))}
      {PAUSABLE.includes(job.kind) && checkpoints.length > 0 && (
        <Button size="xs" variant="default" onClick={() => setIsForking(true)}>
          Fork…
        </Button>
      )}
      <ConfirmDialog
        isOpen={asked !== null}
        title={words.title}
        confirm={words.button}
        isDangerous={asked === "cancel"}
        isBusy={act.isPending}
        onConfirm={() => asked !== null && act.mutate(asked)}
        onClose={() => setAsked(null)}
      >
        {words.text}
        {act.error !== null && (
          <Text size="sm" c="red" mt="sm" role="alert">
            {act.error.message}
          </Text>
        )}
      </ConfirmDialog>
      {isForking && <ForkDialog job={job} checkpoints={checkpoints} onClose={() => setIsForking(false)} />}
    </>
  );
}

function actsFor(job: Job, status: JobStatus): Act[] {
  if (isFinal(status)) {
    return status === "completed" ? [] : ["retry"];
  }
  const canPause = PAUSABLE.includes(job.kind) && !job.is_cancel_requested;
  const pausing: Act[] = canPause ? [job.is_pause_requested ? "resume" : "pause"] : [];
  return job.is_cancel_requested ? [] : [...pausing, "cancel"];
}
