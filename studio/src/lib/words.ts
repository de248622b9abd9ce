/** `running` → `Running`. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `empty_prompt` → `empty prompt`. */
export function spaced(name: string): string {
  return name.replaceAll("_", " ");
}

/** The lines of a text that say something. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
