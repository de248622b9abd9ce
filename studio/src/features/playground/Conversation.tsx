import { Select, Stack, Text } from "@mantine/core";

import { type Talk } from "./useChat";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { type Choice, grouped } from "@/lib/playground";

/** A model that was not asked lately is loaded first, which takes longer than an answer. */
const WAITING = "… (loaded first, if it was not asked lately)";

type ConversationProps = {
  talk: Talk;
  model: string;
  choices: readonly Choice[];
  onModel: (model: string) => void;
  label: string;
};

/** What one model was asked and answers, as it writes it. */
export function Conversation({ talk, model, choices, onModel, label }: ConversationProps) {
  const name = choices.find((one) => one.model === model)?.label ?? model;
  return (
    <Panel title={name}>
      <Stack gap="sm">
        <Select
          size="xs"
          label={label}
          data={grouped(choices)}
          value={model}
          allowDeselect={false}
          onChange={(value) => value !== null && onModel(value)}
        />
        <Stack gap="xs" role="log" aria-label={`Conversation with ${name}`} mih={120}>
          {talk.turns.length === 0 && (
            <Text size="sm" c="dimmed">
              Nothing was said yet.
            </Text>
          )}
          {talk.turns.map((turn, index) => (
            <div key={index}>
              <Text size="xs" c="dimmed">
                {turn.role === "user" ? "You" : name}
              </Text>
              <Text size="sm" fw={turn.role === "user" ? 600 : 400} className="studio-said">
                {turn.content === "" && talk.isAnswering ? WAITING : turn.content}
              </Text>
            </div>
          ))}
          {talk.error !== null && <ErrorNotice error={talk.error} />}
        </Stack>
      </Stack>
    </Panel>
  );
}
