/** Recipes beside each other: which values differ. */
import { isObject, type JsonObject, objectIn, textIn } from "@/lib/json";

export type Setting = { text: string; source: string };

export type SettingRow = {
  name: string;
  /** One for each recipe; null where it does not have the field. */
  settings: readonly (Setting | null)[];
  isDifferent: boolean;
};

/** Lay out the plans of several trainings (bodies of `readiness` artifacts), a row a field, by name. */
export function settingRows(bodies: readonly JsonObject[]): SettingRow[] {
  const all = bodies.map((body) => objectIn(objectIn(body, "plan"), "sources"));
  const names = [...new Set(all.flatMap((sources) => Object.keys(sources)))].sort();
  return names.map((name) => {
    const settings = all.map((sources) => settingOf(sources[name]));
    const first = settings[0]?.text;
    return { name, settings, isDifferent: settings.some((one) => one?.text !== first) };
  });
}

function settingOf(found: unknown): Setting | null {
  if (!isObject(found)) {
    return null;
  }
  const { value } = found;
  return {
    text: typeof value === "string" ? value : (JSON.stringify(value) ?? "not set"),
    source: textIn(found, "source") ?? "",
  };
}
