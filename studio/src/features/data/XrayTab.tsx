import { Button, Group, NumberInput, Select, Stack, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";

import { xrayQuery } from "./queries";
import "./data.css";
import { manifestsQuery, type Xray } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { Panel } from "@/components/Panel";
import { QueryView } from "@/components/QueryView";
import { countOf } from "@/lib/ids";
import { formatCount } from "@/lib/numbers";

const SPLITS = ["train", "eval", "test"] as const;

/** One example token by token: what is trained, what is only context. */
export function XrayTab({ projectId }: { projectId: number }) {
  const manifests = useQuery(manifestsQuery(projectId));
  return (
    <Panel title="Mask X-ray">
      <QueryView
        query={manifests}
        isEmpty={(rows) => rows.length === 0}
        empty={
          <EmptyState title="Nothing is prepared yet." command={`brewslm prepare --project ${projectId}`}>
            Prepare the data under “Splits and leaks”; then its tokens can be looked at here.
          </EmptyState>
        }
      >
        {(rows) => {
          const current = rows.find(({ is_current }) => is_current) ?? rows[rows.length - 1];
          return (
            current !== undefined && (
              <Examples
                projectId={projectId}
                manifestId={current.record.id}
                hasPairs={current.record.body["shape"] === "preference"}
              />
            )
          );
        }}
      </QueryView>
    </Panel>
  );
}

type ExamplesProps = { projectId: number; manifestId: string; hasPairs: boolean };

function Examples({ projectId, manifestId, hasPairs }: ExamplesProps) {
  const [params, setParams] = useSearchParams();
  const split = SPLITS.find((one) => one === params.get("split")) ?? "train";
  const index = countOf(params.get("index"), 0);
  const isRejected = params.get("answer") === "rejected";
  const xray = useQuery(xrayQuery(projectId, { manifestId, split, index, isRejected }));
  const last = (xray.data?.num_examples ?? 1) - 1;
  const go = (to: { split?: string; index?: number; isRejected?: boolean }) =>
    setParams({
      tab: "xray",
      split: to.split ?? split,
      index: String(to.index ?? index),
      ...((to.isRejected ?? isRejected) ? { answer: "rejected" } : {}),
    });
  return (
    <Stack gap="sm">
      <Group gap="xs" align="flex-end">
        <Select
          label="Split"
          w={110}
          data={[...SPLITS]}
          value={split}
          allowDeselect={false}
          onChange={(value) => value !== null && go({ split: value, index: 0 })}
        />
        <NumberInput
          label="Example, from 0"
          w={130}
          min={0}
          max={last}
          allowDecimal={false}
          allowNegative={false}
          value={index}
          onChange={(value) => typeof value === "number" && go({ index: value })}
        />
        <Button variant="default" disabled={index === 0} onClick={() => go({ index: index - 1 })}>
          Previous
        </Button>
        <Button variant="default" disabled={index >= last} onClick={() => go({ index: index + 1 })}>
          Next
        </Button>
        {hasPairs && (
          <Switch
            label="The worse answer"
            checked={isRejected}
            onChange={(event) => go({ isRejected: event.currentTarget.checked })}
          />
        )}
      </Group>
      <QueryView query={xray}>{(found) => <Tokens xray={found} />}</QueryView>
    </Stack>
  );
}

function Tokens({ xray }: { xray: Xray }) {
  const tokens = xray.tokens.filter(({ state }) => state !== "padding");
  const numFilling = xray.tokens.length - tokens.length;
  return (
    <>
      <Text size="sm" c="dimmed">
        Example {formatCount(xray.index)} of {formatCount(xray.num_examples)}, from row {formatCount(xray.source_row)}{" "}
        of the source. {formatCount(xray.num_trained)} of {formatCount(tokens.length)} tokens are trained.
        {numFilling > 0 && ` ${formatCount(numFilling)} more only fill the row, and are not shown.`}
      </Text>
      <Group gap="md">
        <Text size="sm">
          <span className="data-token" data-state="trained">
            trained
          </span>{" "}
          the model learns to write it
        </Text>
        <Text size="sm">
          <span className="data-token" data-state="context">
            context
          </span>{" "}
          the model only reads it
        </Text>
        <Text size="sm">
          <span className="data-token" data-state="context" data-special>
            special
          </span>{" "}
          a mark of the template
        </Text>
      </Group>
      <div className="data-tokens" tabIndex={0} role="region" aria-label="Tokens">
        {tokens.map((token, at) => (
          <span
            key={at}
            className="data-token"
            data-state={token.state}
            data-special={token.is_special || undefined}
            title={`${token.state}, token ${token.id}`}
          >
            {visible(token.text)}
          </span>
        ))}
      </div>
    </>
  );
}

/** White space that would not be seen otherwise; a break stays a break as well. */
function visible(text: string): string {
  return text.replaceAll("\n", "↵\n").replaceAll("\t", "⇥");
}
