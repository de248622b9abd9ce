import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";

import { answer, http, type Job, projectArtifactQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { QueryView } from "@/components/QueryView";
import { WideTable } from "@/components/WideTable";
import { enclosed } from "@/lib/bidi";
import { type JsonObject, numberIn, objectsIn, shown, textIn, textsIn } from "@/lib/json";
import { formatCount } from "@/lib/numbers";

type ReadingStepProps = { projectId: number; artifactId: string; onJob: (job: Job) => void };

/** What was read of the source, and how; then its columns are looked at. */
export function ReadingStep({ projectId, artifactId, onJob }: ReadingStepProps) {
  const snapshot = useQuery(projectArtifactQuery(projectId, artifactId));
  const introspect = useMutation({
    mutationFn: () =>
      answer(
        http.POST("/api/projects/{project_id}/stages/introspect", {
          params: { path: { project_id: projectId } },
          body: { snapshot_id: artifactId },
        }),
      ),
    onSuccess: onJob,
  });
  return (
    <QueryView query={snapshot}>
      {({ body }) => (
        <Stack gap="sm">
          <Text size="sm" className="studio-wrap">
            <strong>{textIn(body, "locator")}</strong>: {formatCount(numberIn(body, "num_rows") ?? 0)} rows of{" "}
            {textIn(body, "format")} with {textsIn(body, "columns").length} columns (
            {textsIn(body, "columns").join(", ")}). {formatCount(numberIn(body, "num_malformed") ?? 0)} records cannot
            be read.
          </Text>
          <WideTable
            label="Files of the source"
            columns={["File", "Format", "Rows", "Unreadable", "Read as"]}
            rows={objectsIn(body, "parts").map((part, at) => ({
              key: `${at}`,
              cells: [
                textIn(part, "name"),
                textIn(part, "format"),
                formatCount(numberIn(part, "num_rows") ?? 0),
                formatCount(numberIn(part, "num_malformed") ?? 0),
                reading(part),
              ],
            }))}
          />
          {textsIn(body, "notes").map((note) => (
            <Text key={note} size="sm">
              {note}
            </Text>
          ))}
          {introspect.error !== null && <ErrorNotice error={introspect.error} title="It was not started" />}
          <Group>
            <Button loading={introspect.isPending} onClick={() => introspect.mutate()}>
              Find the mapping
            </Button>
          </Group>
        </Stack>
      )}
    </QueryView>
  );
}

function reading(part: JsonObject): string {
  const how = part["reading"];
  return typeof how === "object" && how !== null
    ? Object.entries(how)
        .map(([name, value]) => `${name}: ${enclosed(shown(value))}`)
        .join("; ")
    : "–";
}
