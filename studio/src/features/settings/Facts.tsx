import { Table } from "@mantine/core";
import type { ReactNode } from "react";

/** Names at the left, values at the right. */
export function Facts({ label, rows }: { label: string; rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <Table aria-label={label} verticalSpacing={4} layout="fixed">
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w={100} fw={400} c="dimmed">
              {name}
            </Table.Th>
            <Table.Td className="studio-wrap">{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
