import { Autocomplete, Badge, Button, Group, NumberInput, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import "./data.css";
import { mappingsQuery } from "./queries";
import { changedRoles, ROLES, type Shape, shapeOf, SHAPES } from "./roles";
import { type ArtifactRecord, answer, http, type Job, type MapDryRunInputs, projectArtifactQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { QueryView } from "@/components/QueryView";
import { WideTable } from "@/components/WideTable";
import { type JsonObject, numberIn, objectIn, objectsIn, textIn, textsIn } from "@/lib/json";
import { spaced } from "@/lib/words";

type MappingStepProps = { projectId: number; artifactId: string; onJob: (job: Job) => void };

/** The readings that were found, best first; one is taken, and its columns can be changed. */
export function MappingStep({ projectId, artifactId, onJob }: MappingStepProps) {
  const schema = useQuery(projectArtifactQuery(projectId, artifactId));
  return (
    <QueryView query={schema} lines={8}>
      {(record) => (
        <Stack gap="md">
          <Columns body={record.body} />
          <Choice key={record.id} projectId={projectId} schema={record} onJob={onJob} />
        </Stack>
      )}
    </QueryView>
  );
}

function Columns({ body }: { body: JsonObject }) {
  return (
    <WideTable
      label="Columns of the source"
      minWidth={640}
      columns={["Column", "Types", "Filled", "Distinct", "Half are up to", "Examples"]}
      rows={objectsIn(body, "columns").map((column) => ({
        key: textIn(column, "name") ?? "",
        cells: [
          <span className="studio-mono">{textIn(column, "name")}</span>,
          Object.keys(objectIn(column, "types")).join(", "),
          `${Math.round((numberIn(column, "fill_rate") ?? 0) * 100)} %`,
          numberIn(column, "num_distinct") ?? "–",
          length(numberIn(objectIn(column, "length_quantiles"), "p50")),
          <div className="data-cell">{textsIn(column, "examples").join("\n")}</div>,
        ],
      }))}
    />
  );
}

function length(characters: number | null): string {
  return characters === null ? "–" : `${Math.round(characters)} characters`;
}

type ChoiceProps = { projectId: number; schema: ArtifactRecord; onJob: (job: Job) => void };

function Choice({ projectId, schema, onJob }: ChoiceProps) {
  const { body } = schema;
  const hypotheses = objectsIn(body, "hypotheses");
  const [shape, setShape] = useState<Shape | null>(shapeOf(textIn(body, "chosen")));
  const [edits, setEdits] = useState<Readonly<Record<string, string>>>({});
  const [saved, setSaved] = useState<string | null>(null);
  const [most, setMost] = useState<number | undefined>(undefined);
  const [sentence, setSentence] = useState("");
  const mappings = useQuery(mappingsQuery(projectId));
  const proposed = rolesOf(hypotheses.find((one) => textIn(one, "shape") === shape));
  const taken = (mappings.data ?? []).find(({ name }) => name === saved);
  const attempt = useMutation({
    mutationFn: (body: MapDryRunInputs) =>
      answer(
        http.POST("/api/projects/{project_id}/stages/map_dry_run", {
          params: { path: { project_id: projectId } },
          body,
        }),
      ),
    onSuccess: onJob,
  });
  const order: MapDryRunInputs = {
    snapshot_id: textIn(body, "snapshot_id") ?? "",
    schema_id: schema.id,
    max_characters: most,
    ...(taken === undefined
      ? {
          as_shape: shape ?? undefined,
          roles: changedRoles(proposed, { ...edits }),
          instruction: sentence.trim() === "" ? undefined : sentence.trim(),
        }
      : { mapping: taken.spec }),
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        attempt.mutate(order);
      }}
    >
      <Stack gap="sm">
        {textIn(body, "problem") !== "" && (
          <Text size="sm" role="note">
            {textIn(body, "problem")}
          </Text>
        )}
        {(mappings.data ?? []).length > 0 && (
          <Select
            label="Saved mapping"
            description="Taken as it was saved, whatever the readings below say"
            placeholder="None: choose a reading"
            clearable
            maw={420}
            data={(mappings.data ?? []).map(({ name, version }) => ({
              value: name,
              label: `${name}, version ${version}`,
            }))}
            value={saved}
            onChange={setSaved}
          />
        )}
        {taken === undefined && (
          <>
            <Readings
              hypotheses={hypotheses}
              shape={shape}
              onChange={(next) => {
                setShape(next);
                setEdits({});
              }}
            />
            <div className="data-fields">
              {(shape === null ? [] : [...ROLES[shape], "row_id"]).map((role) => (
                <Autocomplete
                  key={role}
                  label={spaced(role)}
                  placeholder="No column"
                  data={objectsIn(body, "columns").map((column) => textIn(column, "name") ?? "")}
                  value={edits[role] ?? proposed[role] ?? ""}
                  onChange={(column) => setEdits({ ...edits, [role]: column })}
                />
              ))}
              <TextInput
                label="Sentence before every text"
                placeholder="None"
                value={sentence}
                onChange={(event) => setSentence(event.currentTarget.value)}
              />
              <NumberInput
                label="Longest example (characters)"
                placeholder="Any length"
                min={1}
                allowDecimal={false}
                value={most ?? ""}
                onChange={(value) => setMost(typeof value === "number" ? value : undefined)}
              />
            </div>
          </>
        )}
        <Text size="xs" c="dimmed">
          Transforms, plugins and whole mappings of a file are given on the command line today:{" "}
          <code>brewslm map --help</code>. A mapping that was saved there appears here.
        </Text>
        {attempt.error !== null && <ErrorNotice error={attempt.error} title="It was not started" />}
        <Group>
          <Button type="submit" loading={attempt.isPending} disabled={shape === null && taken === undefined}>
            Try the mapping
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type ReadingsProps = { hypotheses: readonly JsonObject[]; shape: Shape | null; onChange: (shape: Shape) => void };

function Readings({ hypotheses, shape, onChange }: ReadingsProps) {
  const found = hypotheses.map((one) => textIn(one, "shape"));
  const others = SHAPES.filter((one) => !found.includes(one));
  return (
    <>
      <Radio.Group
        label="Readings, the most likely first"
        value={shape ?? ""}
        onChange={(value) => {
          const next = shapeOf(value);
          if (next !== null) {
            onChange(next);
          }
        }}
      >
        <Stack gap="xs" mt="xs">
          {hypotheses.map((one) => (
            <div key={textIn(one, "shape")} className="data-card">
              <Group gap="xs">
                <Radio value={textIn(one, "shape") ?? ""} label={spaced(textIn(one, "shape") ?? "")} />
                <Badge variant="light" radius="sm" tt="none" color="gray">
                  {Math.round((numberIn(one, "confidence") ?? 0) * 100)} % sure
                </Badge>
              </Group>
              <Text size="xs" c="dimmed" className="studio-wrap" mt={4}>
                {textsIn(one, "evidence").join("; ")}
              </Text>
            </div>
          ))}
        </Stack>
      </Radio.Group>
      <Select
        label="Or another shape"
        placeholder="None of these"
        maw={420}
        data={others.map((one) => ({ value: one, label: spaced(one) }))}
        value={others.find((one) => one === shape) ?? null}
        onChange={(value) => {
          const next = shapeOf(value);
          if (next !== null) {
            onChange(next);
          }
        }}
      />
    </>
  );
}

/** The columns of a reading, by role. */
function rolesOf(hypothesis: JsonObject | undefined): Readonly<Record<string, string>> {
  const columns = hypothesis === undefined ? {} : objectIn(hypothesis, "columns");
  return Object.fromEntries(
    Object.entries(columns).flatMap(([role, column]) => (typeof column === "string" ? [[role, column]] : [])),
  );
}
