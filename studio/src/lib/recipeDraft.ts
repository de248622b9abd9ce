/** What is typed into the form of a recipe, and what it comes to. */
import type { Overrides, Scalar } from "./recipe";
import type { RecipeField } from "@/api";

/** Dotted names to what was typed. */
export type Draft = ReadonlyMap<string, string>;

export type Read = { overrides: Overrides; problems: ReadonlyMap<string, string> };

/** Read what was typed by the kinds of the fields; a field that does not exist is a problem, too. */
export function readDraft(draft: Draft, fields: readonly RecipeField[]): Read {
  const overrides: Record<string, Scalar> = {};
  const problems = new Map<string, string>();
  for (const [name, text] of draft) {
    const field = fields.find((one) => one.name === name);
    const value = field === undefined ? null : valueOf(field, text.trim());
    if (value === null) {
      problems.set(name, field === undefined ? "The recipe has no such field" : wantedOf(field));
    } else {
      overrides[name] = value;
    }
  }
  return { overrides, problems };
}

/** What a field takes, in words. */
export function wantedOf({ kind, choices, minimum, maximum }: RecipeField): string {
  if (kind === "choice" || kind === "boolean") {
    return `One of ${kind === "choice" ? choices.join(", ") : "true, false"}`;
  }
  const noun = kind === "integer" ? "A whole number" : "A number";
  if (minimum !== null && maximum !== null) {
    return `${noun} from ${minimum} to ${maximum}`;
  }
  return minimum === null ? noun : `${noun} from ${minimum}`;
}

/** Drafts stand in the address as `name=text`. */
export function draftOf(pairs: readonly string[]): Draft {
  return new Map(
    pairs.flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 1 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const];
    }),
  );
}

export function pairsOf(draft: Draft): readonly string[] {
  return Array.from(draft, ([name, text]) => `${name}=${text}`);
}

function valueOf({ kind, choices, minimum, maximum }: RecipeField, text: string): Scalar | null {
  switch (kind) {
    case "choice":
      return choices.includes(text) ? text : null;
    case "boolean":
      return text === "true" || text === "false" ? text === "true" : null;
    default: {
      const value = Number(text);
      const isRight =
        text !== "" &&
        Number.isFinite(value) &&
        (kind === "number" || Number.isInteger(value)) &&
        (minimum === null || value >= minimum) &&
        (maximum === null || value <= maximum);
      return isRight ? value : null;
    }
  }
}
