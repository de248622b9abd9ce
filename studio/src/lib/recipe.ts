/** Recipes as the pages of a project show and change them. */
import { type JsonObject, isObject, numberIn, objectIn, shown, textIn } from "./json";

export type Scalar = number | string | boolean;

/** What is set by hand: dotted names to values. */
export type Overrides = Readonly<Record<string, Scalar>>;

/** A value of a resolved recipe, and where it came from. */
export type SourcedRow = { name: string; value: string; source: string; reason: string };

/** The rows of a plan's `sources`. */
export function sourcedRows(plan: JsonObject): readonly SourcedRow[] {
  return Object.entries(objectIn(plan, "sources")).map(([name, found]) => {
    const row = isObject(found) ? found : {};
    return {
      name,
      value: shown(row["value"]),
      source: textIn(row, "source") ?? "",
      reason: textIn(row, "reason") ?? "",
    };
  });
}

/** A forecast; null where it could not be made. */
export type Forecast = {
  low: number | null;
  expected: number | null;
  high: number | null;
  basis: string;
  provenance: string;
};

export function forecastIn(plan: JsonObject, name: string): Forecast {
  const found = objectIn(plan, name);
  return {
    low: numberIn(found, "low"),
    expected: numberIn(found, "expected"),
    high: numberIn(found, "high"),
    basis: textIn(found, "basis") ?? "",
    provenance: textIn(found, "provenance") ?? "",
  };
}

/** Overrides as the YAML file that `--config` reads: one level of groups. */
export function yamlOf(overrides: Overrides): string {
  const groups = new Map<string, string[]>();
  for (const [name, value] of Object.entries(overrides)) {
    const dot = name.indexOf(".");
    const group = dot < 0 ? "" : name.slice(0, dot);
    const line = `${name.slice(dot + 1)}: ${yamlScalar(value)}`;
    groups.set(group, [...(groups.get(group) ?? []), line]);
  }
  return Array.from(groups, ([group, lines]) =>
    group === "" ? lines.join("\n") : `${group}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
  ).join("\n");
}

/** A number without an exponent that YAML 1.1 would take for text; text always in quotes. */
function yamlScalar(value: Scalar): string {
  if (typeof value === "string") {
    return JSON.stringify(value);
  }
  const text = String(value);
  return /^-?\d+e/.test(text) ? text.replace("e", ".0e") : text;
}

/** The options of the command line that say the same. */
export function optionsOf(overrides: Overrides): string {
  return Object.entries(overrides)
    .map(([name, value]) => `--set ${name}=${String(value)}`)
    .join(" ");
}
