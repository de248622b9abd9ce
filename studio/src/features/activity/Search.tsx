import { Button, Group, MultiSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ALL_STAGES, type ChoiceName, SEVERITIES, type useChoice } from "./choice";
import { reasonsQuery } from "@/api";
import { Panel } from "@/components/Panel";
import { SearchField } from "@/components/SearchField";

/** Which events, and with them which runs, the page shows. */
export function Search({ params, choose, clear }: ReturnType<typeof useChoice>) {
  const reasons = useQuery(reasonsQuery());
  const stages = params.getAll("stage");
  const known = (reasons.data ?? []).filter(({ stage }) => stages.length === 0 || stages.includes(stage));
  const many = (name: ChoiceName, label: string, data: readonly string[]) => (
    <MultiSelect
      size="xs"
      miw={180}
      label={label}
      placeholder={params.getAll(name).length === 0 ? "Any" : undefined}
      clearable
      searchable
      limit={100}
      nothingFoundMessage="Nothing is called so"
      data={[...data]}
      value={params.getAll(name)}
      onChange={(values) => choose(name, values)}
    />
  );
  const one = (name: ChoiceName, label: string, placeholder: string, type = "text") => (
    <TextInput
      size="xs"
      label={label}
      placeholder={placeholder}
      type={type}
      w={type === "text" ? 130 : 190}
      value={params.get(name) ?? ""}
      onChange={(event) => choose(name, [event.currentTarget.value])}
    />
  );
  return (
    <Panel
      title="Search"
      actions={
        <Button size="compact-xs" variant="default" disabled={params.size === 0} onClick={clear}>
          Show everything
        </Button>
      }
    >
      <SearchField
        label="Search events and runs"
        value={params.get("text") ?? ""}
        onChange={(value) => choose("text", [value])}
      />
      <Group gap="xs" mt="xs" align="flex-start">
        {many("severity", "Severity", SEVERITIES)}
        {many("stage", "Stage", ALL_STAGES)}
        {many("reason", "Reason", [...new Set([...known.map(({ reason }) => reason), ...params.getAll("reason")])])}
        {one("run_id", "Run", "train-7")}
        {one("actor", "By", "cli, api, …")}
        {one("since", "From", "", "datetime-local")}
        {one("until", "Before", "", "datetime-local")}
      </Group>
    </Panel>
  );
}
