import { Switch, Table, Text } from "@mantine/core";
import { useState } from "react";

import { EmptyState } from "@/components/EmptyState";
import { Said } from "@/components/Said";
import { ScrollTable } from "@/components/ScrollTable";
import { settingRows } from "@/lib/compare/configs";
import type { JsonObject } from "@/lib/json";

type ConfigDiffProps = { names: readonly string[]; bodies: readonly JsonObject[] };

/** Recipes beside each other; at first only what differs. */
export function ConfigDiff({ names, bodies }: ConfigDiffProps) {
  const [hasAll, setHasAll] = useState(false);
  const rows = settingRows(bodies);
  const different = rows.filter(({ isDifferent }) => isDifferent);
  const isAlone = names.length === 1;
  const shown = hasAll || isAlone ? rows : different;
  return (
    <>
      {!isAlone && (
        <Switch
          size="xs"
          mb="xs"
          label={`Show what is equal, too (${rows.length - different.length} of ${rows.length} fields)`}
          checked={hasAll}
          onChange={(event) => setHasAll(event.currentTarget.checked)}
        />
      )}
      {shown.length === 0 ? (
        <EmptyState title="The recipes are equal in every field." />
      ) : (
        <ScrollTable label="Table of recipes" minWidth={190 + 150 * names.length} head={["Field", ...names]}>
          {shown.map((row) => (
            <Table.Tr key={row.name}>
              <Table.Th
                scope="row"
                fw={row.isDifferent && hasAll ? 600 : 400}
                className="studio-mono studio-wrap"
                w={190}
              >
                {row.name}
              </Table.Th>
              {row.settings.map((setting, index) => (
                <Table.Td key={names[index]} className="studio-wrap">
                  <span className="studio-mono">
                    <Said>{setting?.text ?? "–"}</Said>
                  </span>{" "}
                  <Text span size="xs" c="dimmed">
                    {setting?.source}
                  </Text>
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </ScrollTable>
      )}
    </>
  );
}
