import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { type EngineName, enginesQuery } from "@/api";

type EngineSelectProps = { value: EngineName; onChange: (engine: EngineName) => void };

/** Where a piece of work is to be done; nothing where there is only this machine. */
export function EngineSelect({ value, onChange }: EngineSelectProps) {
  const { data: engines = [] } = useQuery(enginesQuery());
  if (engines.length < 2) {
    return null;
  }
  return (
    <Select
      label="Runs on"
      w={250}
      data={engines.map(({ name, num_running, num_slots }) => ({
        value: name,
        label: `${name === "local" ? "this machine" : name} (${num_running} of ${num_slots} in use)`,
      }))}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => onChange(engines.find(({ name }) => name === chosen)?.name ?? "local")}
    />
  );
}
