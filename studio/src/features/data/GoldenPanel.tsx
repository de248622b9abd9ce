import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import "./data.css";
import { answer, artifactsOfKindQuery, type GoldenRequest, http } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { WideTable } from "@/components/WideTable";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { numberIn, textIn } from "@/lib/json";
import { formatCount } from "@/lib/numbers";

const ORIGINS = [
  { value: "test", label: "The test split" },
  { value: "eval", label: "The eval split" },
  { value: "source", label: "A source of its own" },
] as const;
const PURPOSES = [
  { value: "test", label: "To report on" },
  { value: "dev", label: "To choose by" },
] as const;

type Origin = (typeof ORIGINS)[number]["value"];

/** Examples that are locked: only ever evaluated on. */
export function GoldenPanel({ projectId }: { projectId: number }) {
  const goldens = useQuery(artifactsOfKindQuery(projectId, "golden"));
  return (
    <Panel title="Golden sets">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Locked examples that are never trained on; every version stays protected.
        </Text>
        <QueryView query={goldens} isEmpty={(all) => all.length === 0} empty={<Text size="sm">None yet.</Text>}>
          {(all) => (
            <WideTable
              label="Golden sets"
              columns={["Name", "Version", "Examples", "Use", "From"]}
              rows={all.map(({ id, body }) => ({
                key: id,
                cells: [
                  textIn(body, "name"),
                  numberIn(body, "version"),
                  formatCount(numberIn(body, "num_examples") ?? 0),
                  PURPOSES.find(({ value }) => value === body["purpose"])?.label ?? "–",
                  textIn(body, "origin"),
                ],
              }))}
            />
          )}
        </QueryView>
        <Add projectId={projectId} />
      </Stack>
    </Panel>
  );
}

function Add({ projectId }: { projectId: number }) {
  const [name, setName] = useState("golden");
  const [origin, setOrigin] = useState<Origin>("test");
  const [locator, setLocator] = useState("");
  const [purpose, setPurpose] = useState<(typeof PURPOSES)[number]["value"]>("test");
  const add = useWork(projectId, (body: GoldenRequest) =>
    answer(http.POST("/api/projects/{project_id}/goldens", { params: { path: { project_id: projectId } }, body })),
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const from = origin === "source" ? { locator: locator.trim() } : { from_split: origin };
        add.start({ name: name.trim(), purpose, ...from });
      }}
    >
      <div className="data-fields">
        <TextInput
          label="Name of the set"
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Examples of"
          allowDeselect={false}
          data={[...ORIGINS]}
          value={origin}
          onChange={(value) => setOrigin(ORIGINS.find((one) => one.value === value)?.value ?? "test")}
        />
        {origin === "source" && (
          <TextInput
            label="Source of the set"
            required
            value={locator}
            onChange={(event) => setLocator(event.currentTarget.value)}
          />
        )}
        <Select
          label="Used"
          allowDeselect={false}
          data={[...PURPOSES]}
          value={purpose}
          onChange={(value) => setPurpose(PURPOSES.find((one) => one.value === value)?.value ?? "test")}
        />
      </div>
      <Group my="sm">
        <Button type="submit" variant="default" loading={add.isBusy} disabled={name.trim() === ""}>
          Lock a golden set
        </Button>
      </Group>
      <WorkNotice job={add.job} error={add.error} done="Locked." />
    </form>
  );
}
