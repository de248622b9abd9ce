import { Button, Code, Group, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";

import type { ArtifactRecord } from "@/api";
import { ArtifactFiles } from "@/components/ArtifactFiles";
import { CopyableId } from "@/components/CopyableId";
import { QueryView } from "@/components/QueryView";
import { legibleJson } from "@/lib/bidi";
import { formatBytes } from "@/lib/numbers";
import { filesOf, sizeOf } from "@/lib/reports/files";
import { saveBlob } from "@/lib/saving";

const PREVIEW_CHARACTERS = 20_000;

/** What the job made: each artifact with its hash, its files, and its content. */
export function Artifacts({ query }: { query: UseQueryResult<ArtifactRecord[]> }) {
  return (
    <QueryView query={query} isEmpty={(found) => found.length === 0} empty={<Empty />}>
      {(found) => (
        <Stack gap="xs">
          {found.map((artifact) => (
            <Artifact key={artifact.id} artifact={artifact} />
          ))}
        </Stack>
      )}
    </QueryView>
  );
}

function Artifact({ artifact }: { artifact: ArtifactRecord }) {
  const files = filesOf(artifact.body);
  const text = legibleJson(artifact.body, 2);
  return (
    <details className="job-artifact">
      <summary className="job-summary">
        <strong>{artifact.kind}</strong> <span className="studio-mono">{artifact.id}</span>
        {files.length > 0 && ` · ${files.length} files, ${formatBytes(sizeOf(files))}`}
      </summary>
      <Stack gap="xs" mt="xs">
        <Group gap="xs">
          <Text size="xs" className="job-break">
            SHA-256 <CopyableId value={artifact.content_hash} label="hash" />
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => saveBlob(new Blob([text], { type: "application/json" }), `${artifact.id}.json`)}
          >
            Download JSON
          </Button>
        </Group>
        {files.length > 0 && <ArtifactFiles projectId={artifact.project_id} artifactId={artifact.id} files={files} />}
        <Code block className="job-preview" tabIndex={0}>
          {text.length > PREVIEW_CHARACTERS
            ? `${text.slice(0, PREVIEW_CHARACTERS)}\n… ${text.length - PREVIEW_CHARACTERS} more characters`
            : text}
        </Code>
      </Stack>
    </details>
  );
}

function Empty() {
  return (
    <Text size="sm" c="dimmed">
      Nothing was made yet. An artifact appears when its stage has ended well.
    </Text>
  );
}
