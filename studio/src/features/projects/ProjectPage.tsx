import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";

import { Backlog } from "./Backlog";
import { StageRail } from "./StageRail";
import { projectQuery, projectStagesQuery } from "@/api";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { enclosed } from "@/lib/bidi";
import { idOf } from "@/lib/ids";

/** Where one project stands in each of the eleven stages. */
export function ProjectPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const { data: project } = useQuery(projectQuery(projectId));
  const stages = useQuery(projectStagesQuery(projectId));
  const about =
    project === undefined ? "" : `${project.template} project on ${enclosed(project.base_model)}, seed ${project.seed}`;
  return (
    <Page title={project?.name ?? `Project ${projectId}`} lead={about}>
      <Panel title="The eleven stages">
        <QueryView query={stages} lines={11}>
          {(all) => <StageRail stages={all} />}
        </QueryView>
      </Panel>
      <Backlog projectId={projectId} />
    </Page>
  );
}
