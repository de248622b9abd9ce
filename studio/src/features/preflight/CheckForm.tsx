import { Anchor, Button, Checkbox, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { answer, http, manifestsQuery, type PreflightInputs } from "@/api";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { textIn } from "@/lib/json";

const PROFILES: readonly { value: NonNullable<PreflightInputs["profile"]>; label: string }[] = [
  { value: "safe", label: "Safe: the least work" },
  { value: "balanced", label: "Balanced" },
  { value: "max_quality", label: "Most quality: the most work" },
];

/** Checks the current splits for a base model and a profile. */
export function CheckForm({ projectId }: { projectId: number }) {
  const manifests = useQuery(manifestsQuery(projectId));
  return (
    <Panel title="Check">
      <QueryView query={manifests}>
        {(rows) => {
          const current = rows.find(({ is_current }) => is_current)?.record;
          return current === undefined ? (
            <Text size="sm" c="dimmed">
              There is nothing to check: the newest data is not split yet.{" "}
              <Anchor component={Link} to={`/projects/${projectId}/data?tab=splits`} underline="always" inherit>
                Split it
              </Anchor>{" "}
              first.
            </Text>
          ) : (
            <Form
              key={current.id}
              projectId={projectId}
              manifestId={current.id}
              baseModel={textIn(current.body, "base_model") ?? ""}
            />
          );
        }}
      </QueryView>
    </Panel>
  );
}

type FormProps = { projectId: number; manifestId: string; baseModel: string };

function Form({ projectId, manifestId, baseModel }: FormProps) {
  const [profile, setProfile] = useState<PreflightInputs["profile"]>("balanced");
  const [model, setModel] = useState(baseModel);
  const [isStrict, setIsStrict] = useState(true);
  const [testsAlerts, setTestsAlerts] = useState(false);
  const check = useWork(projectId, (body: PreflightInputs) =>
    answer(
      http.POST("/api/projects/{project_id}/stages/preflight", { params: { path: { project_id: projectId } }, body }),
    ),
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        check.start({
          manifest_id: manifestId,
          base_model: model.trim(),
          profile,
          is_strict: isStrict,
          tests_alerts: testsAlerts,
        });
      }}
    >
      <Stack gap="sm">
        <Group gap="xs" align="flex-end">
          <Select
            label="Profile"
            w={240}
            allowDeselect={false}
            data={[...PROFILES]}
            value={profile ?? "balanced"}
            onChange={(value) => setProfile(PROFILES.find((one) => one.value === value)?.value)}
          />
          <TextInput
            label="Base model"
            w={240}
            required
            value={model}
            onChange={(event) => setModel(event.currentTarget.value)}
          />
          <Button type="submit" loading={check.isBusy} disabled={model.trim() === ""}>
            Check it
          </Button>
        </Group>
        <Group gap="lg">
          <Checkbox
            label="Strict: whatever blocks stops the run"
            checked={isStrict}
            onChange={(event) => setIsStrict(event.currentTarget.checked)}
          />
          <Checkbox
            label="Send a test message on each alert channel"
            checked={testsAlerts}
            onChange={(event) => setTestsAlerts(event.currentTarget.checked)}
          />
        </Group>
        <Text size="sm" c="dimmed" className="studio-wrap">
          Of {manifestId}. Single values of the recipe are set under{" "}
          <Anchor component={Link} to={`/projects/${projectId}/training`} underline="always" inherit>
            Training
          </Anchor>
          , which checks them the same way.
        </Text>
        <WorkNotice job={check.job} error={check.error} done="Checked." />
      </Stack>
    </form>
  );
}
