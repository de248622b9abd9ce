/** Reading what is written for a sweep: `optim.learning_rate = 1e-3, 3e-3`, one field a line. */
import { linesOf } from "./words";

export type Scalar = number | boolean | string;
export type Grid = Record<string, Scalar[]>;

/** The fields and their values; null where a line names no field or no value. */
export function gridIn(text: string): Grid | null {
  const grid: Grid = {};
  for (const line of linesOf(text)) {
    const [name, ...rest] = line.split("=");
    const field = (name ?? "").trim();
    const words = rest.join("=").split(",");
    const values = words.map((word) => word.trim()).filter((word) => word !== "");
    if (field === "" || values.length === 0) {
      return null;
    }
    grid[field] = [...(grid[field] ?? []), ...values.map(scalarIn)];
  }
  return grid;
}

/** How many trainings a grid asks for; 0 where it is empty. */
export function sizeOf(grid: Grid): number {
  const lengths = Object.values(grid).map((values) => values.length);
  return lengths.length === 0 ? 0 : lengths.reduce((product, length) => product * length, 1);
}

function scalarIn(word: string): Scalar {
  if (word === "true" || word === "false") {
    return word === "true";
  }
  const number = Number(word);
  return Number.isFinite(number) ? number : word;
}
