import { Anchor, Table } from "@mantine/core";

import { CopyableId } from "./CopyableId";
import { ScrollTable } from "./ScrollTable";
import { formatBytes } from "@/lib/numbers";
import type { ArtifactFile } from "@/lib/reports/files";

/** The files of an artifact with their checksums; each can be downloaded. */
export function ArtifactFiles({
  projectId,
  artifactId,
  files,
  within = "",
}: {
  projectId: number;
  artifactId: string;
  files: readonly ArtifactFile[];
  /** A folder that is left out of what is shown. */
  within?: string;
}) {
  return (
    <ScrollTable label={`Files of ${artifactId}`} minWidth={760} head={["File", "Size", "SHA-256"]}>
      {files.map((file) => (
        <Table.Tr key={file.path}>
          <Table.Td className="studio-mono">
            <Anchor href={addressOf(projectId, artifactId, file.path)} download size="sm" underline="always">
              {within !== "" && file.path.startsWith(`${within}/`) ? file.path.slice(within.length + 1) : file.path}
            </Anchor>
          </Table.Td>
          <Table.Td className="studio-nowrap">{formatBytes(file.sizeBytes)}</Table.Td>
          <Table.Td>
            <CopyableId value={file.sha256} label={`hash of ${file.path}`} />
          </Table.Td>
        </Table.Tr>
      ))}
    </ScrollTable>
  );
}

function addressOf(projectId: number, artifactId: string, path: string): string {
  const parts = path.split("/").map(encodeURIComponent).join("/");
  return `/api/projects/${projectId}/artifacts/${encodeURIComponent(artifactId)}/files/${parts}`;
}
