import { Anchor, Button, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { CreateProject } from "./CreateProject";
import { projectsQuery } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";
import { SearchField } from "@/components/SearchField";

/** All projects, and the way to another one. */
export function ProjectsPage() {
  const projects = useQuery(projectsQuery());
  const [isCreating, creating] = useDisclosure(false);
  const [text, setText] = useState("");
  return (
    <Page
      title="Projects"
      lead="Each holds its base model, data, recipes, experiments and releases."
      actions={
        <Button size="xs" onClick={creating.open}>
          New project
        </Button>
      }
    >
      <SearchField label="Search projects" value={text} onChange={setText} />
      <Panel>
        <QueryView
          query={projects}
          isEmpty={(all) => all.length === 0}
          empty={
            <EmptyState
              title="No projects yet."
              command="brewslm project create --name workflow-demo --template general"
            />
          }
        >
          {(all) => {
            const found = all.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()));
            return found.length === 0 ? (
              <EmptyState title="No project is called like that." />
            ) : (
              <Table.ScrollContainer minWidth={480} type="native" tabIndex={0} role="region" aria-label="Projects">
                <Table verticalSpacing="xs" highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th w={60}>Id</Table.Th>
                      <Table.Th>Name</Table.Th>
                      <Table.Th>Template</Table.Th>
                      <Table.Th>Base model</Table.Th>
                      <Table.Th>Created</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {found.map((project) => (
                      <Table.Tr key={project.id}>
                        <Table.Td className="studio-mono">{project.id}</Table.Td>
                        <Table.Td>
                          <Anchor component={Link} to={`/projects/${project.id}`} size="sm" fw={600}>
                            {project.name}
                          </Anchor>
                        </Table.Td>
                        <Table.Td>{project.template}</Table.Td>
                        <Table.Td>
                          <Text size="sm" className="studio-mono" truncate maw={280}>
                            {project.base_model}
                          </Text>
                        </Table.Td>
                        <Table.Td>
                          <RelativeTime at={project.created_at} />
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            );
          }}
        </QueryView>
      </Panel>
      <CreateProject isOpen={isCreating} onClose={creating.close} />
    </Page>
  );
}
