import {
  Button,
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { CleaningOutcome } from "./CleaningOutcome";
import { BOUNDS, NORMALISATIONS, PII_KINDS, PII_POLICIES } from "./cleaningPlan";
import "./data.css";
import { answer, artifactsOfKindQuery, type CleaningPlanInput, http, type PiiRuleInput } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { useWork } from "@/components/work/useWork";
import { WorkNotice } from "@/components/work/WorkNotice";
import { spaced } from "@/lib/words";

/** Rules, tried on the newest dataset before they are applied; what is applied makes the next version. */
export function CleaningTab({ projectId }: { projectId: number }) {
  const datasets = useQuery(artifactsOfKindQuery(projectId, "dataset"));
  return (
    <QueryView
      query={datasets}
      isEmpty={(all) => all.length === 0}
      empty={
        <Panel title="Cleaning">
          <EmptyState title="There is no dataset yet.">Import data first.</EmptyState>
        </Panel>
      }
    >
      {(all) => <Cleaning projectId={projectId} datasetId={all[all.length - 1]?.id ?? ""} />}
    </QueryView>
  );
}

function Cleaning({ projectId, datasetId }: { projectId: number; datasetId: string }) {
  const [plan, setPlan] = useState<CleaningPlanInput>({ exact_duplicates: true });
  const params = { path: { project_id: projectId } };
  const preview = useMutation({
    mutationFn: (wanted: CleaningPlanInput) =>
      answer(
        http.POST("/api/projects/{project_id}/cleaning/preview", {
          params,
          body: { plan: wanted, dataset_id: datasetId, max_examples: 20_000 },
        }),
      ),
  });
  const clean = useWork(projectId, (wanted: CleaningPlanInput) =>
    answer(
      http.POST("/api/projects/{project_id}/stages/clean", { params, body: { dataset_id: datasetId, plan: wanted } }),
    ),
  );
  const isTried = preview.data?.dataset_id === datasetId && preview.variables === plan;
  return (
    <Stack gap="md">
      <Panel title="Rules">
        <Text size="sm" c="dimmed" mb="sm" className="studio-wrap">
          For the newest dataset, {datasetId}. Nothing is changed before you apply it; then the next version is made.
        </Text>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            preview.mutate(plan);
          }}
        >
          <Stack gap="md">
            <Duplicates plan={plan} onChange={setPlan} />
            <Texts plan={plan} onChange={setPlan} />
            <Bounds plan={plan} onChange={setPlan} />
            <Chunks plan={plan} onChange={setPlan} />
            <Group gap="xs">
              <Button type="submit" loading={preview.isPending}>
                Preview
              </Button>
              <Button variant="default" disabled={!isTried} loading={clean.isBusy} onClick={() => clean.start(plan)}>
                Apply these rules
              </Button>
              {!isTried && (
                <Text size="xs" c="dimmed">
                  What is applied is what was previewed.
                </Text>
              )}
            </Group>
          </Stack>
        </form>
      </Panel>
      {preview.error !== null && <ErrorNotice error={preview.error} title="It could not be tried" />}
      <WorkNotice job={clean.job} error={clean.error} done="Cleaned; the next version of the dataset is there." />
      {preview.data !== undefined && (
        <Panel title="What it would do">
          <CleaningOutcome report={preview.data.report} />
        </Panel>
      )}
    </Stack>
  );
}

type PartProps = { plan: CleaningPlanInput; onChange: (plan: CleaningPlanInput) => void };

function Duplicates({ plan, onChange }: PartProps) {
  const near = plan.near_duplicates ?? null;
  return (
    <Group gap="md" align="flex-end">
      <Checkbox
        label="Take out exact duplicates"
        checked={plan.exact_duplicates ?? true}
        onChange={(event) => onChange({ ...plan, exact_duplicates: event.currentTarget.checked })}
      />
      <Checkbox
        label="Take out near duplicates"
        checked={near !== null}
        onChange={(event) =>
          onChange({ ...plan, near_duplicates: event.currentTarget.checked ? { threshold: 0.85 } : null })
        }
      />
      {near !== null && (
        <NumberInput
          label="Alike from (0.3 to 1)"
          w={150}
          min={0.3}
          max={1}
          step={0.05}
          value={near.threshold ?? 0.85}
          onChange={(value) =>
            typeof value === "number" && onChange({ ...plan, near_duplicates: { ...near, threshold: value } })
          }
        />
      )}
    </Group>
  );
}

function Texts({ plan, onChange }: PartProps) {
  const pii: PiiRuleInput = plan.pii ?? {};
  const isLooking = (pii.policy ?? "off") !== "off";
  return (
    <div className="data-fields">
      <MultiSelect
        label="Normalise"
        placeholder={(plan.normalise ?? []).length === 0 ? "Leave texts as they are" : ""}
        data={NORMALISATIONS.map((value) => ({ value, label: spaced(value) }))}
        value={[...(plan.normalise ?? [])]}
        onChange={(values) => onChange({ ...plan, normalise: NORMALISATIONS.filter((one) => values.includes(one)) })}
      />
      <Select
        label="Personal data and secrets"
        allowDeselect={false}
        data={[...PII_POLICIES]}
        value={pii.policy ?? "off"}
        onChange={(value) =>
          onChange({ ...plan, pii: { ...pii, policy: PII_POLICIES.find((one) => one.value === value)?.value } })
        }
      />
      {isLooking && (
        <>
          <MultiSelect
            label="Kinds"
            placeholder={pii.kinds === undefined ? "All" : ""}
            data={PII_KINDS.map((value) => ({ value, label: spaced(value) }))}
            value={[...(pii.kinds ?? [])]}
            onChange={(values) => {
              const kinds = PII_KINDS.filter((one) => values.includes(one));
              onChange({ ...plan, pii: { ...pii, kinds: kinds.length === 0 ? undefined : kinds } });
            }}
          />
          <Switch
            label="By Presidio, where it is installed"
            checked={pii.detector === "presidio"}
            onChange={(event) =>
              onChange({ ...plan, pii: { ...pii, detector: event.currentTarget.checked ? "presidio" : "built_in" } })
            }
          />
        </>
      )}
    </div>
  );
}

function Bounds({ plan, onChange }: PartProps) {
  const quality = plan.quality ?? {};
  return (
    <details>
      <summary className="data-summary">Bounds on quality</summary>
      <div className="data-fields">
        {BOUNDS.map(({ name, label, factor }) => {
          const value = quality[name];
          return (
            <NumberInput
              key={name}
              label={label}
              placeholder="Off"
              min={0}
              value={typeof value === "number" ? value / factor : ""}
              onChange={(typed) =>
                onChange({
                  ...plan,
                  quality: { ...quality, [name]: typeof typed === "number" ? typed * factor : null },
                })
              }
            />
          );
        })}
        <TagsInput
          label="Languages that stay"
          placeholder={(quality.languages ?? []).length === 0 ? "All; or codes such as en" : ""}
          value={[...(quality.languages ?? [])]}
          onChange={(languages) => onChange({ ...plan, quality: { ...quality, languages } })}
        />
      </div>
    </details>
  );
}

const UNITS = ["tokens", "words", "characters"] as const;

function Chunks({ plan, onChange }: PartProps) {
  const chunks = plan.chunks ?? null;
  return (
    <details>
      <summary className="data-summary">Cutting documents</summary>
      <div className="data-fields">
        <Switch
          label="Cut documents into chunks"
          checked={chunks !== null}
          onChange={(event) => onChange({ ...plan, chunks: event.currentTarget.checked ? { size: 512 } : null })}
        />
        {chunks !== null && (
          <>
            <NumberInput
              label="Size"
              min={16}
              value={chunks.size}
              onChange={(size) => typeof size === "number" && onChange({ ...plan, chunks: { ...chunks, size } })}
            />
            <NumberInput
              label="Overlap"
              min={0}
              value={chunks.overlap ?? 0}
              onChange={(overlap) =>
                typeof overlap === "number" && onChange({ ...plan, chunks: { ...chunks, overlap } })
              }
            />
            <Select
              label="Counted in"
              allowDeselect={false}
              data={[...UNITS]}
              value={chunks.unit ?? "tokens"}
              onChange={(value) =>
                onChange({ ...plan, chunks: { ...chunks, unit: UNITS.find((one) => one === value) } })
              }
            />
          </>
        )}
      </div>
    </details>
  );
}
