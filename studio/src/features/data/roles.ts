/** Which roles the columns of a shape can play; the needed ones first. */
import type { MapDryRunInputs } from "@/api";

export type Shape = NonNullable<MapDryRunInputs["as_shape"]>;

const PAIR = ["prompt", "completion", "context", "system"] as const;
const PLAIN = ["text"] as const;

export const ROLES: Readonly<Record<Shape, readonly string[]>> = {
  chat: ["messages", "system", "tools"],
  instruction: PAIR,
  prompt_completion: PAIR,
  qa: PAIR,
  summarisation: PAIR,
  translation: PAIR,
  classification: ["text", "label", "system"],
  preference: ["prompt", "chosen", "rejected", "messages", "context", "system", "tools"],
  binary_feedback: ["prompt", "completion", "label", "context", "system"],
  extraction: ["text", "target", "spans", "tokens", "tags", "system"],
  plain_text: PLAIN,
  documents: PLAIN,
};

export const SHAPES: readonly Shape[] = [
  ...(["chat", "instruction", "prompt_completion", "qa", "classification", "preference"] as const),
  ...(["binary_feedback", "extraction", "summarisation", "translation", "plain_text", "documents"] as const),
];

export function shapeOf(text: string | null): Shape | null {
  return SHAPES.find((one) => one === text) ?? null;
}

/** The roles that differ from what was proposed; a role that is taken away is sent as an empty text. */
export function changedRoles(
  proposed: Readonly<Record<string, string>>,
  chosen: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(chosen).filter(([role, column]) => (proposed[role] ?? "") !== column));
}
