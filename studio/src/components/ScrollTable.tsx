import { Table } from "@mantine/core";
import type { ReactNode } from "react";

type ScrollTableProps = {
  label: string;
  /** Below this width the table scrolls within itself. */
  minWidth: number;
  head: readonly ReactNode[];
  /** Rows, `Table.Tr` each. */
  children: ReactNode;
};

/** A table that is never wider than the page; a reader without a mouse can scroll it, too. */
export function ScrollTable({ label, minWidth, head, children }: ScrollTableProps) {
  return (
    <Table.ScrollContainer minWidth={minWidth} type="native" tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {head.map((name, index) => (
              <Table.Th key={index}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
