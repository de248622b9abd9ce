/** Text of others within a line of ours: it may run from right to left, but it turns round nothing beside it. */

const OPENERS: ReadonlySet<string> = new Set(["\u2066", "\u2067", "\u2068"]);
const CLOSER = "\u2069";
/** Each begins a paragraph of its own, whatever element or marks are open. */
const SEPARATORS = /[\u001c-\u001e\u0085\u2029]/g;

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
