type Numbered = { readonly id: number };

/**
 * Return what is new since the page was opened, oldest first, and the id up to which it is known then.
 *
 * What was there when the page opened is not new: the bell counts it, and nobody wants ten messages upon a reload.
 */
export function newSince<T extends Numbered>(known: number | null, all: readonly T[]): { fresh: T[]; known: number } {
  const newest = Math.max(known ?? 0, ...all.map(({ id }) => id));
  const fresh = known === null ? [] : all.filter(({ id }) => id > known).sort((one, other) => one.id - other.id);
  return { fresh, known: newest };
}
