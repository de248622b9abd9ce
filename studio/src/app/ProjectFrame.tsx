import { Anchor, Breadcrumbs, Group, ScrollArea, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { NavLink, Outlet, useParams } from "react-router";

import { NotFoundPage } from "./NotFoundPage";
import { projectQuery } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { idOf } from "@/lib/ids";

const TABS = [
  { path: "", title: "Overview" },
  { path: "data", title: "Data" },
  { path: "preflight", title: "Preflight" },
  { path: "training", title: "Training" },
  { path: "experiments", title: "Experiments" },
  { path: "evaluate", title: "Evaluate" },
  { path: "release", title: "Release" },
  { path: "playground", title: "Playground" },
  { path: "activity", title: "Activity" },
] as const;

/** What surrounds the pages of one project: its name, and the way between them. */
export function ProjectFrame() {
  const projectId = idOf(useParams().projectId);
  return projectId === null ? <NotFoundPage /> : <Frame projectId={projectId} />;
}

function Frame({ projectId }: { projectId: number }) {
  const { data, error } = useQuery(projectQuery(projectId));
  if (error !== null && data === undefined) {
    return <ErrorNotice error={error} title={`Project ${projectId} cannot be shown`} />;
  }
  return (
    <Stack gap="md">
      <Stack gap={4} maw={1440} mx="auto" w="100%">
        <Breadcrumbs separator="/" separatorMargin={6}>
          <Anchor component={NavLink} to="/projects" size="sm">
            Projects
          </Anchor>
          <Text size="sm" miw={0}>
            {data?.name ?? `Project ${projectId}`}
          </Text>
        </Breadcrumbs>
        <ScrollArea type="never" component="nav" aria-label="Pages of this project">
          <Group gap={4} wrap="nowrap">
            {TABS.map(({ path, title }) => (
              <NavLink
                key={path}
                to={path === "" ? `/projects/${projectId}` : `/projects/${projectId}/${path}`}
                end
                className="studio-tab"
              >
                {title}
              </NavLink>
            ))}
          </Group>
        </ScrollArea>
      </Stack>
      <Outlet />
    </Stack>
  );
}
