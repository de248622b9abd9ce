import { useState } from "react";

/** The way back through pages that are named by the last row of the page before. */
export function useCursor() {
  const [cursors, setCursors] = useState<readonly number[]>([]);
  return {
    before: cursors.at(-1) ?? null,
    page: cursors.length + 1,
    reset: () => setCursors([]),
    previous: cursors.length === 0 ? null : () => setCursors(cursors.slice(0, -1)),
    next: (before: number | null) => (before === null ? null : () => setCursors([...cursors, before])),
  };
}
