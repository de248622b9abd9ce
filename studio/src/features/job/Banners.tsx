import { Alert, Button, Group, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, gatesQuery, http, type Job, jobsKey, type Question, reasonsQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { GateQuestion } from "@/components/GateQuestion";
import { Said } from "@/components/Said";
import { enclosed } from "@/lib/bidi";
import type { RunState } from "@/lib/run/state";
import { isFinal, type JobStatus } from "@/lib/run/status";
import type { Link } from "@/lib/stream/follower";

type BannersProps = { job: Job; run: RunState; link: Link; status: JobStatus; pollError: Error | null };

/** What somebody should know or do before anything else. */
export function Banners({ job, run, link, status, pollError }: BannersProps) {
  const gates = useQuery({ ...gatesQuery(job.project_id), enabled: job.gate_id !== null });
  const gate = gates.data?.find((one) => one.id === job.gate_id && one.state === "waiting");
  return (
    <>
      {link === "interrupted" && !isFinal(status) && (
        <Alert color="orange" variant="outline" p="xs" role="status" title="Event stream interrupted">
          {pollError === null
            ? "The page asks every five seconds until the stream is back. The job is not affected."
            : "The server cannot be reached. A training goes on without it; the page catches up when it is back."}
        </Alert>
      )}
      {status === "failed" && <Failed job={job} run={run} />}
      {job.question !== null && job.question.answer === null && !isFinal(status) && (
        <Asked jobId={job.id} question={job.question} />
      )}
      {gate !== undefined && <GateQuestion gate={gate} />}
    </>
  );
}

function Failed({ job, run }: { job: Job; run: RunState }) {
  const reasons = useQuery(reasonsQuery());
  const reason = job.reason ?? run.failure?.reason ?? null;
  const facts = reasons.data?.find((one) => one.reason === reason);
  const step = run.failure?.step ?? null;
  return (
    <Alert color="red" variant="outline" role="alert" title={`Failed${step === null ? "" : ` at step ${step}`}`}>
      <Text size="sm" className="job-break">
        {job.error ?? run.failure?.error ?? "No error was recorded."}
      </Text>
      {reason !== null && (
        <Text size="sm" mt={6}>
          <strong>Reason:</strong> <span className="studio-mono">{reason}</span>
          {facts !== undefined && ` — ${facts.meaning}`}
        </Text>
      )}
      {facts !== undefined && (
        <Text size="sm" mt={6}>
          <strong>Next step:</strong> {facts.next_step}
        </Text>
      )}
    </Alert>
  );
}

function Asked({ jobId, question }: { jobId: number; question: Question }) {
  const client = useQueryClient();
  const reply = useMutation({
    mutationFn: (accept: boolean) =>
      answer(http.POST("/api/jobs/{job_id}/recovery", { params: { path: { job_id: jobId } }, body: { accept } })),
    onSettled: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  const changes = Object.entries(question.after).map(
    ([name, after]) => `${enclosed(name)}: ${String(question.before[name])} → ${String(after)}`,
  );
  return (
    <Alert color="orange" variant="outline" role="alert" title="It asks before it goes on">
      <Text size="sm">
        <Said>{question.what}</Said>. Proposed: <Said>{question.proposal}</Said>.
      </Text>
      {changes.map((change) => (
        <Text key={change} size="sm" className="studio-mono">
          {change}
        </Text>
      ))}
      <Group gap="xs" mt="sm">
        <Button size="xs" loading={reply.isPending} onClick={() => reply.mutate(true)}>
          Go on so
        </Button>
        <Button size="xs" variant="default" loading={reply.isPending} onClick={() => reply.mutate(false)}>
          Refuse, and end it
        </Button>
      </Group>
      {reply.error !== null && <ErrorNotice error={reply.error} />}
    </Alert>
  );
}
