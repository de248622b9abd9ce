import { useNow } from "./useNow";
import { formatDuration, secondsBetween } from "@/lib/time";

/** How long something took; without an end it goes on. */
export function Duration({ from, to }: { from: string; to: string | null }) {
  return to === null ? <Running from={from} /> : <span>{formatDuration(secondsBetween(from, to))}</span>;
}

function Running({ from }: { from: string }) {
  const now = useNow();
  return <span>{formatDuration(secondsBetween(from, now))}</span>;
}
