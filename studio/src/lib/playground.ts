/** What the playground can talk to, in the order in which it is offered. */
import { formatMeasured } from "./figures";

const RELEASES = "Releases";

export type Choice = { group: string; model: string; label: string };

type Checkpoint = {
  model: string;
  experiment_id: number;
  step: number;
  eval_loss: number | null;
  is_best: boolean;
};

/** Releases first, then checkpoints, the base last. */
export function choicesOf(
  project: string,
  releases: readonly ({ version: number } | null)[],
  checkpoints: readonly Checkpoint[],
): Choice[] {
  const served = releases.filter((row) => row !== null);
  return [
    ...served.map(({ version }) => ({ group: RELEASES, model: `${project}@v${version}`, label: `v${version}` })),
    ...checkpoints.map((one) => ({
      group: `Experiment ${one.experiment_id}`,
      model: one.model,
      label: `Experiment ${one.experiment_id}, step ${one.step}${lossOf(one)}`,
    })),
    { group: "Base model", model: `${project}@base`, label: "Base model" },
  ];
}

/** What a page begins with: a release, else the best checkpoint of the newest experiment, and the base beside it. */
export function firstPair(choices: readonly Choice[], checkpoints: readonly Checkpoint[]): readonly [string, string] {
  const base = choices.at(-1)?.model ?? "";
  const release = choices.find(({ group }) => group === RELEASES);
  const newest = checkpoints[0];
  const best = checkpoints.find((one) => one.is_best && one.experiment_id === newest?.experiment_id);
  return [(release ?? best ?? newest)?.model ?? base, base];
}

function lossOf({ eval_loss, is_best }: Checkpoint): string {
  if (eval_loss === null) {
    return "";
  }
  return ` (eval loss ${formatMeasured(eval_loss)}${is_best ? ", the best" : ""})`;
}

/** The choices in groups, as a select takes them. */
export function grouped(choices: readonly Choice[]): { group: string; items: { value: string; label: string }[] }[] {
  const groups = [...new Set(choices.map(({ group }) => group))];
  return groups.map((group) => ({
    group,
    items: choices.filter((one) => one.group === group).map(({ model, label }) => ({ value: model, label })),
  }));
}
