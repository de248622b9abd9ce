/** Text of others within a line of ours: it may run from right to left, but it turns round nothing beside it. */

const OPENERS: ReadonlySet<string> = new Set(["\u2066", "\u2067", "\u2068"]);
const CLOSER = "\u2069";
/** Each begins a paragraph of its own, whatever element or marks are open. */
// eslint-disable-next-line no-control-regex -- these very characters are meant
const SEPARATORS = /[\u001c-\u001e\u0085\u2029]/g;

/** All that steers the order of letters, or ends a line where JSON has none. */
const STEERING = /[\p{Bidi_Control}\p{Zl}\p{Zp}\u0085]/gu;

/** The text without the marks that would close what it is put in; without a partner they show nothing. */
export function contained(words: string): string {
  const text = words.replaceAll(SEPARATORS, " ");
  if (!text.includes(CLOSER)) {
    return text;
  }
  let depth = 0;
  const kept = Array.from(text).filter((letter) => {
    const isClosing = letter === CLOSER;
    depth += OPENERS.has(letter) ? 1 : isClosing ? -1 : 0;
    const isLoose = isClosing && depth < 0;
    depth = Math.max(depth, 0);
    return !isLoose;
  });
  return kept.join("");
}

/** The text with marks around it that keep its direction to itself, for where there is no element to put it in. */
export function enclosed(text: string): string {
  return `\u2068${contained(text)}${CLOSER}`;
}

/** A value as JSON to be read by people: the same, but what steers the order of letters is spelled out. */
export function legibleJson(value: unknown, indent?: number): string {
  const spell = (mark: string) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return (JSON.stringify(value, null, indent) ?? "null").replaceAll(STEERING, spell);
}
