import { useEffect, useRef } from "react";
import { useNavigate } from "react-router";

import { PLACES_BY_KEY, useAreShortcutsOn } from "./shortcuts";
import { SEARCH_ID } from "@/components/SearchField";

const WAITS_MS = 1_200;
/** How long `g` waits for its letter. */

/** Let `/` find the search, `?` open the help, and `g` with a letter lead to a page. */
export function useShortcuts(onHelp: () => void): void {
  const [isOn] = useAreShortcutsOn();
  const navigate = useNavigate();
  const goneAt = useRef(0);
  useEffect(() => {
    if (!isOn) {
      return;
    }
    const hear = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
        return;
      }
      const place = event.timeStamp - goneAt.current < WAITS_MS ? PLACES_BY_KEY[event.key] : undefined;
      goneAt.current = event.key === "g" ? event.timeStamp : -WAITS_MS;
      if (place !== undefined) {
        void navigate(place.to);
      } else if (event.key === "?") {
        onHelp();
      } else if (event.key === "/") {
        event.preventDefault();
        focusSearch(() => void navigate("/jobs"));
      }
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [isOn, navigate, onHelp]);
}

/** Put the cursor into the page's search; where it has none, into that of the page which `open` leads to. */
function focusSearch(open: () => void): void {
  const field = document.getElementById(SEARCH_ID);
  if (field !== null) {
    field.focus();
    return;
  }
  open();
  const observer = new MutationObserver(() => {
    const found = document.getElementById(SEARCH_ID);
    if (found !== null) {
      observer.disconnect();
      found.focus();
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
