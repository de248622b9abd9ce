import { Code, Text } from "@mantine/core";
import { useParams } from "react-router";

import { Bundles } from "./Bundles";
import { Devices } from "./Devices";
import { Endpoint } from "./Endpoint";
import { Releases } from "./Releases";
import { RunExport } from "./RunExport";
import { Page } from "@/components/Page";
import { StageGates } from "@/components/StageGates";
import { idOf } from "@/lib/ids";

/** From an evaluated adapter to a bundle that answers. */
export function ReleasePage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  return (
    <Page title="Release" lead="Who answers clients, the releases, and the exports that they are made of.">
      <Endpoint projectId={projectId} />
      <Releases projectId={projectId} />
      <Bundles projectId={projectId} />
      <RunExport projectId={projectId} />
      <Devices projectId={projectId} />
      <StageGates projectId={projectId} stages={["export", "deploy"]} />
      <Text size="sm" c="dimmed">
        In a terminal, <Code>brewslm export --project {projectId} --output FOLDER</Code> copies a bundle to a folder of
        yours, and <Code>brewslm bundle verify FOLDER</Code> checks it anywhere.
      </Text>
    </Page>
  );
}
