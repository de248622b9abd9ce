/** Reading JSON of which only the outside is known. */
import { legibleJson } from "./bidi";

export type JsonObject = { readonly [key: string]: unknown };

/** Whether a value is an object with keys. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parse text that should be an object; null where it is none. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function numberIn(object: JsonObject, key: string): number | null {
  const value = object[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function textIn(object: JsonObject, key: string): string | null {
  const value = object[key];
  return typeof value === "string" ? value : null;
}

export function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

/** The objects of a list; what is none is left out. */
export function objectsIn(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textsIn(object: JsonObject, key: string): readonly string[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Names to numbers, the largest first. */
export function countsIn(object: JsonObject, key: string): readonly (readonly [string, number])[] {
  return Object.entries(objectIn(object, key))
    .flatMap(([name, value]) => (typeof value === "number" ? [[name, value] as const] : []))
    .toSorted((one, other) => other[1] - one[1]);
}

/** A value as one reads it: text as it is, nothing as a dash, the rest as JSON. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) {
    return "–";
  }
  return typeof value === "string" ? value : legibleJson(value);
}
