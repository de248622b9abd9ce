import { Badge, Code, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { thresholdsQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { SearchField } from "@/components/SearchField";

/** What trainings are judged by: every value, what it means, and who said it. */
export function ThresholdsPanel() {
  const thresholds = useQuery(thresholdsQuery());
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  return (
    <Panel title="Thresholds">
      <QueryView query={thresholds} lines={8}>
        {({ file, values }) => {
          const found = values.filter(({ name, meaning, source }) =>
            [name, meaning, source].some((words) => words.toLowerCase().includes(wanted)),
          );
          return (
            <>
              <Text size="sm" c="dimmed" mb="xs">
                Change them in <Code className="studio-wrap">{file}</Code>.{" "}
                <Code>brewslm health thresholds --yaml</Code> prints the file with every default.
              </Text>
              <SearchField label="Search thresholds" value={text} onChange={setText} />
              {found.length === 0 ? (
                <EmptyState title="No threshold is like that." />
              ) : (
                <Table.ScrollContainer
                  minWidth={760}
                  type="native"
                  tabIndex={0}
                  role="region"
                  aria-label="Table of thresholds"
                >
                  <Table verticalSpacing={4}>
                    <Table.Thead>
                      <Table.Tr>
                        <Table.Th>Name</Table.Th>
                        <Table.Th>Value</Table.Th>
                        <Table.Th>From</Table.Th>
                        <Table.Th>Meaning</Table.Th>
                      </Table.Tr>
                    </Table.Thead>
                    <Table.Tbody>
                      {found.map(({ name, value, source, meaning }) => (
                        <Table.Tr key={name}>
                          <Table.Td className="studio-mono">{name}</Table.Td>
                          <Table.Td className="studio-mono">{value}</Table.Td>
                          <Table.Td>
                            {source === "default" ? (
                              <Text size="sm" c="dimmed">
                                default
                              </Text>
                            ) : (
                              <Badge variant="light" tt="none" radius="sm" title={source}>
                                {source}
                              </Badge>
                            )}
                          </Table.Td>
                          <Table.Td>{meaning}</Table.Td>
                        </Table.Tr>
                      ))}
                    </Table.Tbody>
                  </Table>
                </Table.ScrollContainer>
              )}
            </>
          );
        }}
      </QueryView>
    </Panel>
  );
}
