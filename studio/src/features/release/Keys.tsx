import { Button, Code, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, endpointKey, http, keysQuery, type ShownKey } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { ErrorNotice } from "@/components/ErrorNotice";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { ScrollTable } from "@/components/ScrollTable";

/** The keys of an endpoint; a new one is shown once. */
export function Keys({ projectId }: { projectId: number }) {
  const keys = useQuery(keysQuery(projectId));
  const [name, setName] = useState("");
  const client = useQueryClient();
  const path = { project_id: projectId };
  const renew = () => client.invalidateQueries({ queryKey: endpointKey(projectId) });
  const make = useMutation({
    mutationFn: () => answer(http.POST("/api/projects/{project_id}/keys", { params: { path }, body: { name } })),
    onSuccess: () => setName(""),
    onSettled: renew,
  });
  const revoke = useMutation({
    mutationFn: (id: number) =>
      answer(http.DELETE("/api/projects/{project_id}/keys/{key_id}", { params: { path: { ...path, key_id: id } } })),
    onSettled: renew,
  });
  const problem = make.error ?? revoke.error;
  return (
    <details className="studio-details">
      <summary>Keys of clients</summary>
      <Stack gap="sm" pl="md" pt={4}>
        <QueryView query={keys} lines={1}>
          {(all) =>
            all.length > 0 && (
              <ScrollTable label="Keys" minWidth={480} head={["Name", "Begins with", "Made", "Revoke"]}>
                {all.map((key) => (
                  <Row key={key.id} shown={key} isBusy={revoke.isPending} onRevoke={() => revoke.mutate(key.id)} />
                ))}
              </ScrollTable>
            )
          }
        </QueryView>
        {make.data !== undefined && (
          <Stack gap={4} role="status">
            <Text size="sm" fw={600}>
              Copy the key now; it is never shown again.
            </Text>
            <CopyableId value={make.data.key} label="key" />
          </Stack>
        )}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <Group gap="xs" align="flex-end">
            <TextInput
              size="xs"
              label="Who uses a new key"
              maxLength={200}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button type="submit" size="xs" variant="default" disabled={name.trim() === ""} loading={make.isPending}>
              Make a key
            </Button>
          </Group>
        </form>
        {problem !== null && <ErrorNotice error={problem} />}
      </Stack>
    </details>
  );
}

function Row({ shown, isBusy, onRevoke }: { shown: ShownKey; isBusy: boolean; onRevoke: () => void }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {shown.name}
      </Table.Th>
      <Table.Td>
        <Code>{shown.hint}…</Code>
      </Table.Td>
      <Table.Td>
        <RelativeTime at={shown.created_at} />
      </Table.Td>
      <Table.Td>
        {shown.revoked_at === null ? (
          <Button size="compact-xs" variant="default" disabled={isBusy} onClick={onRevoke}>
            Revoke
          </Button>
        ) : (
          <Text size="sm" c="dimmed">
            revoked
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
