import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";

import { answer, http, type NewProject, projectsKey } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";

const TEMPLATES: readonly { value: NonNullable<NewProject["template"]>; label: string }[] = [
  { value: "general", label: "General: chats and instructions" },
  { value: "support", label: "Support: answers to customers" },
  { value: "classification", label: "Classification: one label a row" },
  { value: "extraction", label: "Extraction: fields out of text" },
];

/** Asks for a name, a template and a base model, and creates the project. */
export function CreateProject({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [template, setTemplate] = useState(TEMPLATES[0]?.value);
  const [baseModel, setBaseModel] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (body: NewProject) => answer(http.POST("/api/projects", { body })),
    onSuccess: async (project) => {
      await client.invalidateQueries({ queryKey: projectsKey });
      onClose();
      await navigate(`/projects/${project.id}`);
    },
  });
  return (
    <Modal opened={isOpen} onClose={onClose} title="New project" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name, template, ...(baseModel.trim() === "" ? {} : { base_model: baseModel.trim() }) });
        }}
      >
        <Stack>
          <TextInput
            label="Name"
            description="Unique in this workspace"
            required
            maxLength={100}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Template"
            data={[...TEMPLATES]}
            value={template ?? null}
            allowDeselect={false}
            onChange={(value) => setTemplate(TEMPLATES.find((one) => one.value === value)?.value)}
          />
          <TextInput
            label="Base model"
            description="A Hugging Face id or a local folder; the bundled tiny model without one"
            placeholder="brewslm-tiny-v1"
            value={baseModel}
            onChange={(event) => setBaseModel(event.currentTarget.value)}
          />
          {create.error !== null && <ErrorNotice error={create.error} title="It was not created" />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
