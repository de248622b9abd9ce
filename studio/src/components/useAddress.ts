import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useMemo, useState } from "react";
import { useLocation, useNavigate } from "react-router";

const TYPING_MS = 250;
const OWN = { isOwn: true };

/**
 * What is chosen on a page, kept in its address, so that it can be sent on and survives a reload. The address follows
 * when nobody has typed for a moment: written at each key, it would come back too late, and take letters away.
 */
export function useAddress() {
  const { key, pathname, search, state } = useLocation();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => plain(search));
  const [settled] = useDebouncedValue(draft, TYPING_MS);
  const [seen, setSeen] = useState(key);
  if (key !== seen) {
    setSeen(key);
    if (!isOwn(state)) {
      setDraft(plain(search));
    }
  }
  useEffect(() => {
    if (settled !== plain(window.location.hash)) {
      void navigate({ pathname, search: settled }, { replace: true, state: OWN });
    }
  }, [settled, pathname, navigate]);
  const change = (edit: (params: URLSearchParams) => void) =>
    setDraft((now) => {
      const next = new URLSearchParams(now);
      edit(next);
      return next.toString();
    });
  return {
    /** As it is typed. */
    params: useMemo(() => new URLSearchParams(draft), [draft]),
    /** As it is asked for. */
    settled: useMemo(() => new URLSearchParams(settled), [settled]),
    change,
  };
}

function plain(address: string): string {
  const at = address.indexOf("?");
  return at < 0 ? "" : new URLSearchParams(address.slice(at + 1)).toString();
}

function isOwn(state: unknown): boolean {
  return typeof state === "object" && state !== null && "isOwn" in state;
}
