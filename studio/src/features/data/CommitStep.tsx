import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { projectArtifactQuery } from "@/api";
import { CopyableId } from "@/components/CopyableId";
import { QueryView } from "@/components/QueryView";
import { numberIn, objectIn } from "@/lib/json";
import { formatCount } from "@/lib/numbers";

/** The dataset that was made, and where to go on. */
export function CommitStep({ projectId, datasetId }: { projectId: number; datasetId: string }) {
  const dataset = useQuery(projectArtifactQuery(projectId, datasetId));
  return (
    <QueryView query={dataset}>
      {({ body }) => (
        <Stack gap="sm">
          <Text size="sm">
            Committed: <strong>{formatCount(numberIn(body, "num_examples") ?? 0)} examples</strong>,{" "}
            {formatCount(numberIn(objectIn(body, "tally"), "rejected") ?? 0)} rejected rows kept for reading.
          </Text>
          <CopyableId value={datasetId} label="dataset" />
          <Group gap="xs">
            <Button component={Link} to="?tab=health">
              Look at its health
            </Button>
            <Button component={Link} variant="default" to="?tab=rejections">
              Rejections
            </Button>
            <Button component={Link} variant="default" to="?tab=splits">
              Split it
            </Button>
          </Group>
        </Stack>
      )}
    </QueryView>
  );
}
