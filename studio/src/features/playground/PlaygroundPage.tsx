import { Button, Group, NumberInput, SimpleGrid, Skeleton, Stack, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router";

import { Conversation } from "./Conversation";
import { useChat } from "./useChat";
import { checkpointsQuery, endpointQuery, projectQuery, type TriedCheckpoint } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Page } from "@/components/Page";
import { QueryView } from "@/components/QueryView";
import { seedOf } from "@/lib/chat";
import { idOf } from "@/lib/ids";
import { type Choice, choicesOf, firstPair } from "@/lib/playground";

const MAX_CHARACTERS = 20_000;

/** Talking to two models side by side: releases, checkpoints, the base. */
export function PlaygroundPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const endpoint = useQuery(endpointQuery(projectId));
  const project = useQuery(projectQuery(projectId));
  const checkpoints = useQuery(checkpointsQuery(projectId));
  return (
    <Page
      title="Playground"
      lead="One question to two models: a release, a checkpoint of any training, also of one that goes on, or the base."
    >
      <QueryView query={endpoint}>
        {({ live, canaries }) =>
          project.data === undefined || checkpoints.data === undefined ? (
            <ErrorOrWait error={project.error ?? checkpoints.error} />
          ) : (
            <Talks
              projectId={projectId}
              choices={choicesOf(project.data.name, [live, ...canaries], checkpoints.data)}
              checkpoints={checkpoints.data}
            />
          )
        }
      </QueryView>
    </Page>
  );
}

function ErrorOrWait({ error }: { error: Error | null }) {
  return error === null ? <Skeleton height={200} /> : <ErrorNotice error={error} />;
}

type TalksProps = { projectId: number; choices: readonly Choice[]; checkpoints: readonly TriedCheckpoint[] };

function Talks({ projectId, choices, checkpoints }: TalksProps) {
  const [chosen, setChosen] = useState(() => firstPair(choices, checkpoints));
  const [draft, setDraft] = useState("");
  const [temperature, setTemperature] = useState<number | string>(0);
  const [maxTokens, setMaxTokens] = useState<number | string>(200);
  const [seed, setSeed] = useState("");
  const talks = [useChat(projectId, chosen[0]), useChat(projectId, chosen[1])] as const;
  const isAnswering = talks.some((talk) => talk.isAnswering);
  const send = () => {
    const content = draft.trim();
    if (content === "") {
      return;
    }
    const fixed = seedOf(seed);
    const asked = {
      temperature: Number(temperature),
      max_tokens: Number(maxTokens),
      ...(fixed === undefined ? {} : { seed: fixed }),
    };
    talks.forEach((talk) => talk.ask(content, asked));
    setDraft("");
  };
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {([0, 1] as const).map((side) => (
          <Conversation
            key={side}
            talk={talks[side]}
            model={chosen[side]}
            choices={choices}
            onModel={(model) => {
              talks[side].clear();
              setChosen((now) => (side === 0 ? [model, now[1]] : [now[0], model]));
            }}
            label={side === 0 ? "Left model" : "Right model"}
          />
        ))}
      </SimpleGrid>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Stack gap="sm">
          <Textarea
            label="Your message to both"
            description="Enter sends, Shift and Enter begins a line"
            autosize
            minRows={2}
            maxRows={10}
            maxLength={MAX_CHARACTERS}
            value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey) {
                event.preventDefault();
                send();
              }
            }}
          />
          <Group gap="sm" align="flex-end">
            <NumberInput
              size="xs"
              w={120}
              label="Temperature"
              min={0}
              max={2}
              step={0.1}
              decimalScale={2}
              value={temperature}
              onChange={setTemperature}
            />
            <NumberInput
              size="xs"
              w={140}
              label="Longest answer"
              suffix=" tokens"
              min={1}
              max={2000}
              value={maxTokens}
              onChange={setMaxTokens}
            />
            <TextInput
              size="xs"
              w={100}
              label="Seed"
              placeholder="random"
              inputMode="numeric"
              value={seed}
              onChange={(event) => setSeed(event.currentTarget.value)}
            />
            <Button type="submit" size="xs" disabled={draft.trim() === "" || isAnswering}>
              Send
            </Button>
            {isAnswering && (
              <Button size="xs" variant="default" onClick={() => talks.forEach((talk) => talk.stop())}>
                Stop
              </Button>
            )}
            <Button size="xs" variant="default" onClick={() => talks.forEach((talk) => talk.clear())}>
              Begin anew
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
