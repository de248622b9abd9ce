import { Button, Code, Table, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";

import { answer, enginesQuery, http } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { Said } from "@/components/Said";
import { ScrollTable } from "@/components/ScrollTable";

/** Where work can be done, and how much waits and runs there. */
export function EnginesPanel() {
  const engines = useQuery(enginesQuery());
  const check = useMutation({ mutationFn: () => answer(http.POST("/api/engines/check")) });
  const looks = check.data ?? [];
  const hasClusters = (engines.data?.length ?? 0) > 1;
  return (
    <Panel
      title="Engines"
      actions={
        hasClusters && (
          <Button size="compact-xs" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
            Ask the clusters
          </Button>
        )
      }
    >
      <QueryView query={engines}>
        {(found) => (
          <ScrollTable label="Table of engines" minWidth={520} head={["Engine", "In use", "Waiting", "State"]}>
            {found.map((one) => {
              const look = looks.find(({ name }) => name === one.name);
              const unasked = one.problem || (one.name === "local" ? "ready" : "not asked yet");
              const told = look === undefined ? [unasked] : [look.problem || "would take work", ...look.facts];
              return (
                <Table.Tr key={one.name}>
                  <Table.Td className="studio-nowrap">{one.name === "local" ? "this machine" : one.name}</Table.Td>
                  <Table.Td className="studio-nowrap">{`${one.num_running} of ${one.num_slots}`}</Table.Td>
                  <Table.Td>{one.num_waiting}</Table.Td>
                  <Table.Td className="studio-wrap">
                    <Said>{told.join("; ")}</Said>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </ScrollTable>
        )}
      </QueryView>
      {check.error !== null && <ErrorNotice error={check.error} />}
      {engines.data !== undefined && !hasClusters && (
        <Text size="sm" c="dimmed" mt="xs">
          A Slurm or Ray cluster is described in <Code>config/engines.yaml</Code>; <Code>brewslm engines init</Code>{" "}
          writes one with every setting explained.
        </Text>
      )}
    </Panel>
  );
}
