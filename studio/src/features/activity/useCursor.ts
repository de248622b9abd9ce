import { useState } from "react";

/** The way back through pages that are named by the last row of the page before; another choice begins anew. */
export function useCursor(choice: object = {}) {
  const of = JSON.stringify(choice);
  const [way, setWay] = useState<{ of: string; cursors: readonly number[] }>({ of, cursors: [] });
  const cursors = way.of === of ? way.cursors : [];
  const setCursors = (next: readonly number[]) => setWay({ of, cursors: next });
  return {
    before: cursors.at(-1) ?? null,
    page: cursors.length + 1,
    previous: cursors.length === 0 ? null : () => setCursors(cursors.slice(0, -1)),
    next: (before: number | null) => (before === null ? null : () => setCursors([...cursors, before])),
  };
}
