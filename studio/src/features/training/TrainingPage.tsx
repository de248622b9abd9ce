import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";

import { Differences } from "./Differences";
import { Launch } from "./Launch";
import { recipeFieldsQuery } from "./queries";
import { RecipeForm } from "./RecipeForm";
import { Page } from "@/components/Page";
import { QueryView } from "@/components/QueryView";
import { idOf } from "@/lib/ids";
import { type Draft, draftOf, pairsOf, readDraft } from "@/lib/recipeDraft";

/** A training's recipe: what is set by hand, what is left to the plan; and one click that trains. */
export function TrainingPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const [params, setParams] = useSearchParams();
  const fields = useQuery(recipeFieldsQuery());
  const draft = draftOf(params.getAll("set"));
  const change = (next: Draft) =>
    setParams(
      (now) => {
        const after = new URLSearchParams(now);
        after.delete("set");
        pairsOf(next).forEach((pair) => after.append("set", pair));
        return after;
      },
      { replace: true },
    );
  return (
    <Page
      title="Training"
      lead="What is left empty is chosen by the plan from your data, base model and machine; every choice says why."
    >
      <QueryView query={fields} lines={10}>
        {(all) => {
          const read = readDraft(draft, all);
          return (
            <Stack gap="md">
              <Launch projectId={projectId} read={read} />
              <Differences projectId={projectId} read={read} fields={all} />
              <RecipeForm fields={all} draft={draft} problems={read.problems} onChange={change} />
            </Stack>
          );
        }}
      </QueryView>
    </Page>
  );
}
