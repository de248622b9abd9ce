import { Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

type WideTableProps = {
  label: string;
  columns: readonly string[];
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
  /** Below this width it scrolls by itself, not the page. */
  minWidth?: number;
};

/** A table that scrolls sideways where it has no room, by keyboard, too. */
export function WideTable({ label, columns, rows, minWidth = 480 }: WideTableProps) {
  return (
    <Table.ScrollContainer minWidth={minWidth} type="native" tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing={6} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ key, cells }) => (
            <Table.Tr key={key}>
              {cells.map((cell, at) => (
                <Table.Td key={columns[at] ?? at} className="studio-wrap" style={{ verticalAlign: "top" }}>
                  {cell}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed" py="xs">
          None.
        </Text>
      )}
    </Table.ScrollContainer>
  );
}
