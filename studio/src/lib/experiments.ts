/** How experiments are named and chosen. */
import { idOf } from "./ids";

/** As its run directory is named: `exp-001`. */
export function experimentName(id: number): string {
  return `exp-${String(id).padStart(3, "0")}`;
}

/** So many can be told apart in one chart. */
export const MOST_COMPARED = 6;

/** Read the ids of an address such as `1,3`; what is none is passed over, and each is there once. */
export function chosenIds(text: string | null): number[] {
  const ids = (text ?? "").split(",").flatMap((part) => idOf(part) ?? []);
  return [...new Set(ids)].slice(0, MOST_COMPARED);
}
