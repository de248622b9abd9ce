import { Button, Group, Select, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, artifactsOfKindQuery, http, jobsKey, type OptimizeRequest } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { JobStarted } from "@/components/JobStarted";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { Said } from "@/components/Said";
import { ScrollTable } from "@/components/ScrollTable";
import { enclosed } from "@/lib/bidi";
import { formatMeasured, NOT_MEASURED } from "@/lib/figures";
import { formatBytes, formatCount, formatNumber } from "@/lib/numbers";
import { type Candidate, measuredOf } from "@/lib/reports/bundles";

type Device = OptimizeRequest["target"];
const DEVICES: readonly { value: Device; label: string }[] = [
  { value: "laptop_cpu", label: "Laptop, CPU" },
  { value: "server_gpu", label: "Server GPU" },
  { value: "edge_gpu_8gb", label: "Edge GPU with 8 GB" },
  { value: "raspberry_pi5", label: "Raspberry Pi 5" },
  { value: "mobile_iphone15", label: "iPhone 15" },
  { value: "android_flagship", label: "Android flagship" },
  { value: "browser_webgpu", label: "Browser, WebGPU" },
];
const HEAD = [
  "Form",
  "Weights",
  "With full context",
  "Loss",
  "Tokens/s here",
  "Tokens/s on the device, estimated",
  "Longest context that fits",
];

/** Forms of the newest bundle, measured on this machine, and what a device would probably make of them. */
export function Devices({ projectId }: { projectId: number }) {
  const found = useQuery(artifactsOfKindQuery(projectId, "optimization"));
  const [device, setDevice] = useState<Device>("laptop_cpu");
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (target: Device) => {
      const params = { path: { project_id: projectId } };
      return answer(http.POST("/api/projects/{project_id}/optimize", { params, body: { target } }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: jobsKey }),
  });
  return (
    <Panel title="Forms for a device">
      <Stack gap="sm">
        <Group align="flex-end" gap="xs">
          <Select
            label="Device"
            data={[...DEVICES]}
            value={device}
            allowDeselect={false}
            onChange={(value) => setDevice(DEVICES.find((one) => one.value === value)?.value ?? "laptop_cpu")}
          />
          <Button size="xs" h={36} variant="default" loading={run.isPending} onClick={() => run.mutate(device)}>
            Measure the newest bundle
          </Button>
        </Group>
        {run.error !== null && <ErrorNotice error={run.error} />}
        <JobStarted job={run.data} />
        <QueryView query={found} lines={2}>
          {(all) => {
            const newest = all.toReversed().find(({ body }) => measuredOf(body).device === device);
            return newest === undefined ? (
              <EmptyState title="Nothing was measured for this device." />
            ) : (
              <Measured body={newest.body} />
            );
          }}
        </QueryView>
      </Stack>
    </Panel>
  );
}

function Measured({ body }: { body: Parameters<typeof measuredOf>[0] }) {
  const { candidates, recommended, reason, bundleId } = measuredOf(body);
  const basis = candidates.find(({ deviceSpeed }) => deviceSpeed !== null)?.deviceSpeed?.basis;
  return (
    <>
      <Text size="sm" className="studio-wrap">
        {recommended === null ? "No form is recommended" : `Recommended: ${enclosed(recommended)}`}.{" "}
        <Said>{reason}</Said>
      </Text>
      <ScrollTable label="Table of forms" minWidth={860} head={HEAD}>
        {candidates.map((one) => (
          <Table.Tr key={one.dtype}>
            <Table.Th scope="row" fw={one.dtype === recommended ? 600 : 400}>
              <Said>{one.dtype}</Said>
              {one.isPareto === false && (
                <Text span size="xs" c="dimmed">
                  {" "}
                  another is better in everything
                </Text>
              )}
            </Table.Th>
            <Table.Td>{sized(one.weightBytes)}</Table.Td>
            <Table.Td>{sized(one.memoryBytes)}</Table.Td>
            <Table.Td>{formatMeasured(one.loss)}</Table.Td>
            <Table.Td>{formatMeasured(one.tokensPerSecond, 3)}</Table.Td>
            <Table.Td>{estimated(one)}</Table.Td>
            <Table.Td>{fitting(one)}</Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
      <Text size="xs" c="dimmed" className="studio-wrap">
        Of {bundleId}. Loss and speed here were measured; the speed on the device is estimated
        {basis === undefined ? "" : `: ${enclosed(basis)}`}.
      </Text>
    </>
  );
}

function sized(bytes: number | null): string {
  return bytes === null ? NOT_MEASURED : formatBytes(bytes);
}

function estimated({ deviceSpeed }: Candidate): string {
  return deviceSpeed === null
    ? "not known"
    : `${formatNumber(deviceSpeed.low, 3)} to ${formatNumber(deviceSpeed.high, 3)}`;
}

function fitting({ fits, longestContext }: Candidate): string {
  if (fits === null) {
    return "memory of the device is not known";
  }
  return longestContext === null ? (fits ? "the full one" : "none") : formatCount(longestContext);
}
