import { type ReactNode, useState } from "react";

import { Stack } from "@mantine/core";

import { RowsPager } from "./RowsPager";

type NewestFirstProps<One> = {
  /** The oldest first, as the server tells them. */
  all: readonly One[];
  /** How many are shown at once. */
  size: number;
  gap: "xs" | "lg";
  children: (one: One) => ReactNode;
};

/** What there is, the newest first, a few at a time. */
export function NewestFirst<One>({ all, size, gap, children }: NewestFirstProps<One>) {
  const [start, setStart] = useState(0);
  const shown = all.toReversed().slice(start, start + size);
  return (
    <>
      <Stack gap={gap}>{shown.map(children)}</Stack>
      <RowsPager start={start} shown={shown.length} total={all.length} size={size} onMove={setStart} />
    </>
  );
}
