import { useLocalStorage } from "@mantine/hooks";

/** Where `g` and a letter lead. */
export const PLACES_BY_KEY: Readonly<Record<string, { label: string; to: string }>> = {
  h: { label: "Home", to: "/" },
  j: { label: "Jobs", to: "/jobs" },
  p: { label: "Projects", to: "/projects" },
  s: { label: "Settings", to: "/settings" },
};

/** Whether single keys do something; kept in this browser (WCAG 2.1.4). */
export function useAreShortcutsOn() {
  return useLocalStorage({ key: "brewslm-shortcuts", defaultValue: true, getInitialValueInEffect: false });
}
