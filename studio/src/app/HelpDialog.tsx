import { Code, Kbd, Modal, Stack, Switch, Table, Text } from "@mantine/core";

import { PLACES_BY_KEY, useAreShortcutsOn } from "./shortcuts";

/** The keys, and where the rest is explained. */
export function HelpDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [isOn, setOn] = useAreShortcutsOn();
  return (
    <Modal opened={isOpen} onClose={onClose} title="Help and keys" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <Table aria-label="Keys" verticalSpacing={4}>
          <Table.Tbody>
            <Row keys={["/"]} what="Search on this page, or among jobs" />
            <Row keys={["?"]} what="This help" />
            {Object.entries(PLACES_BY_KEY).map(([key, { label }]) => (
              <Row key={key} keys={["g", key]} what={`Go to ${label}`} />
            ))}
            <Row keys={["Esc"]} what="Close, or leave the search" />
          </Table.Tbody>
        </Table>
        <Switch
          label="Use these keys"
          description="Switch off where a screen reader or dictation needs single letters."
          checked={isOn}
          onChange={(event) => setOn(event.currentTarget.checked)}
        />
        <Text size="sm">
          Everything here is a command, too: <Code>brewslm --help</Code>. What an event means:{" "}
          <Code>brewslm reasons</Code>.
        </Text>
      </Stack>
    </Modal>
  );
}

function Row({ keys, what }: { keys: readonly string[]; what: string }) {
  return (
    <Table.Tr>
      <Table.Td w={90}>
        {keys.map((key) => (
          <Kbd key={key} mr={4}>
            {key}
          </Kbd>
        ))}
      </Table.Td>
      <Table.Td>{what}</Table.Td>
    </Table.Tr>
  );
}
