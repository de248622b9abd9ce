/** `running` → `Running`. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `empty_prompt` → `empty prompt`. */
export function spaced(name: string): string {
  return name.replaceAll("_", " ");
}
