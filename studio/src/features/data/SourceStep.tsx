import { Button, FileButton, Group, NumberInput, Progress, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useState } from "react";

import { samplesQuery } from "./queries";
import { useUpload } from "./useUpload";
import { answer, http, type IngestInputs, type Job } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Said } from "@/components/Said";
import { formatBytes } from "@/lib/bytes";

const FORMATS: readonly NonNullable<IngestInputs["format"]>[] = [
  ...(["jsonl", "json", "csv", "parquet", "arrow", "xlsx"] as const),
  ...(["text", "markdown", "html", "docx", "pdf"] as const),
];
const ENCODINGS: readonly NonNullable<IngestInputs["encoding"]>[] = [
  ...(["utf-8", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "cp1250", "cp1251", "koi8-r"] as const),
  ...(["shift_jis", "euc_jp", "gb18030", "big5", "cp949"] as const),
];
const HEADERS = [
  { value: "yes", label: "The first row names the columns" },
  { value: "no", label: "The first row is data" },
] as const;

type SourceStepProps = { projectId: number; onJob: (job: Job) => void };

/** Where the data comes from: a file of this computer, a sample, a path, an address. */
export function SourceStep({ projectId, onJob }: SourceStepProps) {
  const [locator, setLocator] = useState("");
  const [choices, setChoices] = useState<Omit<IngestInputs, "locator">>({});
  const samples = useQuery(samplesQuery());
  const upload = useUpload((facts) => setLocator(facts.locator));
  const ingest = useMutation({
    mutationFn: (body: IngestInputs) =>
      answer(
        http.POST("/api/projects/{project_id}/stages/ingest", { params: { path: { project_id: projectId } }, body }),
      ),
    onSuccess: onJob,
  });
  const whole = useMutation({
    mutationFn: () =>
      answer(
        http.POST("/api/projects/{project_id}/datasets/import", {
          params: { path: { project_id: projectId } },
          body: { locator: locator.trim(), reading: readingOf(choices) },
        }),
      ),
    onSuccess: onJob,
  });
  const error = ingest.error ?? whole.error;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ingest.mutate({ locator: locator.trim(), ...choices });
      }}
    >
      <Stack gap="sm">
        <Group gap="xs">
          <FileButton onChange={(file) => file !== null && upload.send(file)}>
            {(props) => (
              <Button {...props} variant="default" leftSection={<Upload size={16} aria-hidden />}>
                Upload a file
              </Button>
            )}
          </FileButton>
          {(samples.data ?? []).map((sample) => (
            <Button key={sample.name} variant="default" onClick={() => setLocator(sample.locator)}>
              Sample {sample.name}
            </Button>
          ))}
        </Group>
        {upload.file !== null && (
          <div role="status">
            <Text size="sm" className="studio-wrap">
              <Said>{upload.file.name}</Said>: {formatBytes(upload.sentBytes)} of {formatBytes(upload.file.size)}
              {upload.isDone && ", all here"}
            </Text>
            <Progress
              value={(100 * upload.sentBytes) / Math.max(upload.file.size, 1)}
              aria-label={`Upload of ${upload.file.name}`}
              size="sm"
            />
          </div>
        )}
        {upload.error !== null && (
          <ErrorNotice error={upload.error} title="The upload broke off" onRetry={upload.again} />
        )}
        {samples.error !== null && <ErrorNotice error={samples.error} title="The samples cannot be listed" />}
        <TextInput
          label="Source"
          description="A path on the server's machine, an http(s) address, hf:owner/name, sample:name, or upload:id"
          placeholder="/data/chats.jsonl"
          required
          maxLength={4096}
          value={locator}
          onChange={(event) => setLocator(event.currentTarget.value)}
        />
        <Reading choices={choices} onChange={setChoices} />
        {error !== null && <ErrorNotice error={error} title="It was not started" />}
        <Group>
          <Button type="submit" loading={ingest.isPending} disabled={locator.trim() === ""}>
            Read the source
          </Button>
          <Button
            variant="default"
            loading={whole.isPending}
            disabled={locator.trim() === ""}
            onClick={() => whole.mutate()}
          >
            Import it whole, as it is found
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type Choices = Omit<IngestInputs, "locator">;

/** What was chosen, by name; what is left to be found out is left out. */
function readingOf(choices: Choices): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(choices).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, value] as const],
    ),
  );
}

function Reading({ choices, onChange }: { choices: Choices; onChange: (choices: Choices) => void }) {
  const header = choices.has_header === undefined ? null : choices.has_header === true ? "yes" : "no";
  return (
    <details>
      <summary className="data-summary">How to read it (found out by itself)</summary>
      <div className="data-fields">
        <Select
          label="Format"
          placeholder="Found out"
          clearable
          data={FORMATS}
          value={choices.format ?? null}
          onChange={(value) => onChange({ ...choices, format: FORMATS.find((one) => one === value) })}
        />
        <Select
          label="Encoding"
          placeholder="Found out"
          clearable
          data={ENCODINGS}
          value={choices.encoding ?? null}
          onChange={(value) => onChange({ ...choices, encoding: ENCODINGS.find((one) => one === value) })}
        />
        <TextInput
          label="Delimiter of CSV"
          placeholder="Found out"
          maxLength={1}
          value={choices.delimiter ?? ""}
          onChange={(event) => {
            const delimiter = event.currentTarget.value;
            onChange({ ...choices, delimiter: delimiter === "" ? undefined : delimiter });
          }}
        />
        <Select
          label="Header"
          placeholder="Found out"
          clearable
          data={[...HEADERS]}
          value={header}
          onChange={(value) => onChange({ ...choices, has_header: value === null ? undefined : value === "yes" })}
        />
        <NumberInput
          label="Unreadable records, at most (%)"
          placeholder="25"
          min={0}
          max={100}
          value={choices.max_malformed_share === undefined ? "" : choices.max_malformed_share * 100}
          onChange={(value) =>
            onChange({ ...choices, max_malformed_share: typeof value === "number" ? value / 100 : undefined })
          }
        />
      </div>
    </details>
  );
}
