import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";

import { Comparison } from "./Comparison";
import { ExperimentsTable } from "./ExperimentsTable";
import { Sweeps } from "./Sweeps";
import { experimentsQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { chosenIds } from "@/lib/experiments";
import { idOf } from "@/lib/ids";

/** The trainings of a project, and some of them beside each other. What is compared is in the address. */
export function ExperimentsPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const experiments = useQuery(experimentsQuery(projectId));
  const [params, setParams] = useSearchParams();
  const chosen = chosenIds(params.get("compare"));
  const choose = (ids: readonly number[]) =>
    setParams(ids.length === 0 ? {} : { compare: ids.join(",") }, { replace: true });
  return (
    <Page title="Experiments" lead="Each is one recipe on one manifest, and all that it produced.">
      <Panel>
        <QueryView
          query={experiments}
          isEmpty={(all) => all.length === 0}
          empty={
            <EmptyState
              title="No experiments yet."
              command={`brewslm train --project ${projectId} --autopilot --one-click`}
            >
              A training makes one.
            </EmptyState>
          }
        >
          {(all) => <ExperimentsTable experiments={all.toReversed()} chosen={chosen} onChoose={choose} />}
        </QueryView>
      </Panel>
      {experiments.data !== undefined && experiments.data.length > 0 && (
        <Chosen>{experiments.data.filter(({ id }) => chosen.includes(id))}</Chosen>
      )}
      <Sweeps projectId={projectId} onCompare={choose} />
    </Page>
  );
}

function Chosen({ children }: { children: Parameters<typeof Comparison>[0]["experiments"] }) {
  return children.length === 0 ? (
    <Text size="sm" c="dimmed">
      Choose one or more to see their curves, recipes and metrics beside each other.
    </Text>
  ) : (
    <Comparison experiments={children} />
  );
}
