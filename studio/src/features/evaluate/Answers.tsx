import { SimpleGrid, Stack, Text } from "@mantine/core";

import { Panel } from "@/components/Panel";
import type { Answer } from "@/lib/reports/evaluation";

/** What both models answered to the same prompts, side by side. */
export function Answers({ answers }: { answers: readonly Answer[] }) {
  return (
    <Panel title="Answers">
      <Stack gap="md">
        {answers.map((one, index) => (
          <section key={index} aria-label={`Prompt ${index + 1}`}>
            <Text size="sm" fw={600} className="studio-said">
              {one.prompt}
            </Text>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" mt={4}>
              <Side name="Base" text={one.base} />
              <Side name="Tuned" text={one.tuned} />
            </SimpleGrid>
          </section>
        ))}
        <Text size="xs" c="dimmed">
          Both answer greedily, so that the same models give the same answers.
        </Text>
      </Stack>
    </Panel>
  );
}

function Side({ name, text }: { name: string; text: string }) {
  return (
    <div className="studio-side">
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" className="studio-said">
        {text === "" ? "(an empty answer)" : text}
      </Text>
    </div>
  );
}
