import { Select, Stack, Text } from "@mantine/core";

import { type Talk } from "./useChat";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";

type ConversationProps = {
  talk: Talk;
  model: string;
  models: readonly string[];
  onModel: (model: string) => void;
  label: string;
};

/** What one model was asked and answers, as it writes it. */
export function Conversation({ talk, model, models, onModel, label }: ConversationProps) {
  return (
    <Panel title={model}>
      <Stack gap="sm">
        <Select
          size="xs"
          label={label}
          data={[...models]}
          value={model}
          allowDeselect={false}
          onChange={(value) => value !== null && onModel(value)}
        />
        <Stack gap="xs" role="log" aria-label={`Conversation with ${model}`} mih={120}>
          {talk.turns.length === 0 && (
            <Text size="sm" c="dimmed">
              Nothing was said yet.
            </Text>
          )}
          {talk.turns.map((turn, index) => (
            <div key={index}>
              <Text size="xs" c="dimmed">
                {turn.role === "user" ? "You" : model}
              </Text>
              <Text size="sm" fw={turn.role === "user" ? 600 : 400} className="studio-said">
                {turn.content === "" && talk.isAnswering ? "…" : turn.content}
              </Text>
            </div>
          ))}
          {talk.error !== null && <ErrorNotice error={talk.error} />}
        </Stack>
      </Stack>
    </Panel>
  );
}
