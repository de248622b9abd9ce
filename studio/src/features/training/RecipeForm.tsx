import { Button, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import "./training.css";
import type { RecipeField } from "@/api";
import { Panel } from "@/components/Panel";
import { SearchField } from "@/components/SearchField";
import { shown } from "@/lib/json";
import { type Draft, wantedOf } from "@/lib/recipeDraft";
import { capital, spaced } from "@/lib/words";

/** The group of fields that stand at the top of the recipe. */
const MAIN = "training";

type RecipeFormProps = {
  fields: readonly RecipeField[];
  draft: Draft;
  problems: ReadonlyMap<string, string>;
  onChange: (draft: Draft) => void;
};

/** Every field of the recipe, by group. An empty one is left to the plan. */
export function RecipeForm({ fields, draft, problems, onChange }: RecipeFormProps) {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found = fields.filter(({ name, meaning }) => `${name} ${meaning}`.toLowerCase().includes(wanted));
  const groups = new Map<string, RecipeField[]>();
  for (const field of found) {
    groups.set(groupOf(field), [...(groups.get(groupOf(field)) ?? []), field]);
  }
  const set = (name: string, value: string) => {
    const next = new Map(draft);
    if (value === "") {
      next.delete(name);
    } else {
      next.set(name, value);
    }
    onChange(next);
  };
  return (
    <Panel
      title="Recipe"
      actions={
        draft.size > 0 ? (
          <Button size="xs" variant="default" onClick={() => onChange(new Map())}>
            Leave all to the plan
          </Button>
        ) : undefined
      }
    >
      <Stack gap="sm">
        <SearchField label="Search fields" value={text} onChange={setText} />
        {found.length === 0 && <Text size="sm">No field is like that.</Text>}
        {Array.from(groups, ([group, members]) => (
          <Fields
            key={group}
            title={capital(spaced(group))}
            fields={members}
            draft={draft}
            problems={problems}
            isOpen={wanted !== "" || group === MAIN}
            onSet={set}
          />
        ))}
      </Stack>
    </Panel>
  );
}

type FieldsProps = {
  title: string;
  fields: readonly RecipeField[];
  draft: Draft;
  problems: ReadonlyMap<string, string>;
  isOpen: boolean;
  onSet: (name: string, value: string) => void;
};

/** One group. It stays as the reader left it, also when its last value is taken back. */
function Fields({ title, fields, draft, problems, isOpen, onSet }: FieldsProps) {
  const [hasValues] = useState(() => fields.some(({ name }) => draft.has(name)));
  return (
    <details open={isOpen || hasValues}>
      <summary className="training-summary">
        {title} <span className="training-count">{fields.length} fields</span>
      </summary>
      <div className="training-fields">
        {fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            text={draft.get(field.name) ?? ""}
            problem={problems.get(field.name)}
            onChange={(value) => onSet(field.name, value)}
          />
        ))}
      </div>
    </details>
  );
}

function groupOf({ name }: RecipeField): string {
  return name.includes(".") ? name.slice(0, name.indexOf(".")) : MAIN;
}

type FieldProps = {
  field: RecipeField;
  text: string;
  problem: string | undefined;
  onChange: (text: string) => void;
};

function Field({ field, text, problem, onChange }: FieldProps) {
  const leaf = field.name.slice(field.name.indexOf(".") + 1);
  const shared = {
    label: leaf,
    description: field.meaning.replaceAll("`", ""),
    placeholder: `default: ${shown(field.default)}`,
    error: problem,
    inputWrapperOrder: ["label", "input", "error", "description"] satisfies (
      "label" | "input" | "error" | "description"
    )[],
  };
  if (field.kind === "choice" || field.kind === "boolean") {
    const choices = field.kind === "boolean" ? ["true", "false"] : field.choices;
    return (
      <Select
        {...shared}
        clearable
        data={choices}
        value={choices.includes(text) ? text : null}
        onChange={(value) => onChange(value ?? "")}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      inputMode="decimal"
      title={wantedOf(field)}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
