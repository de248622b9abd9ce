import { createContext, use } from "react";

import type { Link } from "@/lib/stream/follower";

/** How the one stream of this page stands; the shell keeps it. */
export const LiveContext = createContext<Link>("connecting");

/** Says whether the page is told of changes, or asks for them. */
export function LinkState() {
  const link = use(LiveContext);
  return <span data-link={link}>{link === "live" ? "Live" : "Asking every 5 seconds"}</span>;
}
