import { useQuery } from "@tanstack/react-query";

import { Facts } from "./Facts";
import { healthQuery, machineQuery } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { formatBytes } from "@/lib/bytes";

/** The devices of the machine that trains, as the server sees them. */
export function MachinePanel() {
  const machine = useQuery(machineQuery());
  const { data: health } = useQuery(healthQuery());
  return (
    <Panel title="Devices">
      <QueryView query={machine}>
        {({ facts, home, free_disk_bytes }) => (
          <Facts
            label="Devices"
            rows={[
              [
                "GPUs",
                facts.gpus.length === 0 ? "none that the driver reports; trainings use the CPU" : facts.gpus.join(", "),
              ],
              ["CPU", `${facts.num_cores} cores${facts.has_fast_bfloat16 ? ", fast bfloat16" : ""}`],
              ["Memory", `${formatBytes(facts.free_memory_bytes)} free of ${formatBytes(facts.memory_bytes)}`],
              ["Disk", `${formatBytes(free_disk_bytes)} free in the workspace`],
              ["Workspace", <span className="studio-mono">{home}</span>],
              ["System", `${facts.platform}, Python ${facts.python}`],
              ["BrewSLM", health?.version ?? "–"],
            ]}
          />
        )}
      </QueryView>
    </Panel>
  );
}
