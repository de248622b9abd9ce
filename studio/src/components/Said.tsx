import { contained } from "@/lib/bidi";

/** Text of others within a line of ours: whatever direction it has, and whatever steers it, stays within it. */
export function Said({ children }: { children: string }) {
  return <bdi>{contained(children)}</bdi>;
}
