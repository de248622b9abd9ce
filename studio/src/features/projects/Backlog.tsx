import { Anchor, Button, Code, Group, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { BacklogBadge } from "./BacklogBadge";
import { answer, type BacklogEntry, http, projectKey } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { FactList } from "@/components/FactList";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { Said } from "@/components/Said";

type Decision = "take" | "close" | "reopen";

const POSSIBLE: Record<BacklogEntry["state"], readonly Decision[]> = {
  open: ["take", "close"],
  taken: ["close", "reopen"],
  closed: ["reopen"],
};
const WORDS: Record<Decision, string> = { take: "Take it up", close: "Close", reopen: "Open again" };

const keyOf = (projectId: number) => [...projectKey(projectId), "backlog"] as const;

/** What the next run should mend, worth most first, and what the last one did. */
export function Backlog({ projectId }: { projectId: number }) {
  const [isAll, setIsAll] = useState(false);
  const client = useQueryClient();
  const params = { path: { project_id: projectId } };
  const entries = useQuery({
    queryKey: [...keyOf(projectId), isAll],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/backlog", { params: { ...params, query: { all: isAll } }, signal })),
  });
  const look = useMutation({
    mutationFn: () => answer(http.POST("/api/projects/{project_id}/backlog/look", { params })),
    onSettled: () => client.invalidateQueries({ queryKey: keyOf(projectId) }),
  });
  const actions = (
    <Group gap="sm">
      <Switch
        size="xs"
        label="Closed ones, too"
        checked={isAll}
        onChange={(event) => setIsAll(event.currentTarget.checked)}
      />
      <Button size="xs" variant="default" loading={look.isPending} onClick={() => look.mutate()}>
        Look at the newest run
      </Button>
    </Group>
  );
  return (
    <Panel title="For the next run" actions={actions}>
      {look.error !== null && <ErrorNotice error={look.error} />}
      <QueryView
        query={entries}
        isEmpty={(all) => all.length === 0}
        empty={
          <EmptyState title="Nothing is open." command={`brewslm backlog list --project ${projectId} --all`}>
            Evaluations put here what the next run should mend, and close what it has mended.
          </EmptyState>
        }
      >
        {(all) => (
          <Stack gap="lg" component="ol" m={0} p={0} className="studio-list-inline" aria-label="Backlog">
            {all.map((entry) => (
              <Entry key={entry.number} entry={entry} />
            ))}
          </Stack>
        )}
      </QueryView>
    </Panel>
  );
}

function Entry({ entry }: { entry: BacklogEntry }) {
  const { finding } = entry;
  return (
    <li aria-label={finding.title}>
      <Group gap="sm" mb={4}>
        <Text size="sm" c="dimmed" className="studio-mono">
          {entry.number}
        </Text>
        <Text size="sm" fw={600} className="studio-wrap">
          {finding.title}
        </Text>
        <BacklogBadge entry={entry} />
      </Group>
      <Text size="sm" className="studio-wrap">
        <Said>{finding.seen}</Said>.
      </Text>
      <Text size="sm" className="studio-wrap">
        <Said>{finding.effect}</Said>{" "}
        <Text span size="xs" c="dimmed">
          {finding.is_measured ? "Measured." : "An estimate."}
        </Text>
      </Text>
      {entry.progress !== "" && (
        <Text size="sm" className="studio-wrap">
          In the newest run: <Said>{entry.progress}</Said>.
        </Text>
      )}
      {entry.note !== "" && (
        <Text size="sm" c="dimmed" className="studio-wrap">
          <Said>{entry.note}</Said> (<Said>{entry.actor}</Said>, <RelativeTime at={entry.changed_at} />)
        </Text>
      )}
      <details className="studio-details">
        <summary>Evidence, and what to do</summary>
        <Stack gap="xs">
          <FactList
            facts={finding.evidence.map((one) => [
              one.said,
              one.kind === "job" ? (
                <Anchor key={one.id} component={Link} to={`/jobs/${one.id}`} size="sm" underline="always">
                  job {one.id}
                </Anchor>
              ) : (
                <CopyableId key={one.id} value={one.id} label={one.kind} />
              ),
            ])}
          />
          <Code block>{finding.action}</Code>
          {entry.job_id !== null && (
            <Anchor component={Link} to={`/jobs/${entry.job_id}`} size="sm" underline="always">
              Its review list: job {entry.job_id}
            </Anchor>
          )}
          <Decide entry={entry} />
        </Stack>
      </details>
    </li>
  );
}

function Decide({ entry }: { entry: BacklogEntry }) {
  const [note, setNote] = useState("");
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: Decision) => answer(asked(entry, decision, note)),
    onSuccess: () => setNote(""),
    onSettled: () => client.invalidateQueries({ queryKey: keyOf(entry.project_id) }),
  });
  return (
    <Stack gap="xs" maw={640}>
      <TextInput
        size="xs"
        label="Why (kept with the entry; needed to close it)"
        maxLength={4000}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group gap="xs">
        {POSSIBLE[entry.state].map((decision) => (
          <Button
            key={decision}
            size="xs"
            variant={decision === "take" ? "light" : "default"}
            disabled={decision === "close" && note.trim() === ""}
            loading={decide.isPending && decide.variables === decision}
            onClick={() => decide.mutate(decision)}
          >
            {WORDS[decision]}
          </Button>
        ))}
      </Group>
      {decide.error !== null && <ErrorNotice error={decide.error} />}
    </Stack>
  );
}

function asked(entry: BacklogEntry, decision: Decision, note: string) {
  const options = {
    params: { path: { project_id: entry.project_id, number: entry.number } },
    body: { note: note.trim() },
  };
  switch (decision) {
    case "take":
      return http.POST("/api/projects/{project_id}/backlog/{number}/take", options);
    case "close":
      return http.POST("/api/projects/{project_id}/backlog/{number}/close", options);
    case "reopen":
      return http.POST("/api/projects/{project_id}/backlog/{number}/reopen", options);
  }
}
