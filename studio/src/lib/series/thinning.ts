/** Leaving points out so that nothing that stands out is lost. */

/**
 * At most `most` items: of every stretch those with the least and the largest value of each series, and the first and
 * the last of all. An item without a value where its neighbours have one is kept as the first of its stretch that is so.
 */
export function thinned<T>(
  items: readonly T[],
  most: number,
  series: readonly ((item: T) => number | null)[],
): readonly T[] {
  if (items.length <= most) {
    return items;
  }
  const numStretches = Math.max(1, Math.floor((most - 2) / (3 * series.length)));
  const chosen = new Set([0, items.length - 1]);
  for (let stretch = 0; stretch < numStretches; stretch += 1) {
    const begin = Math.floor((items.length * stretch) / numStretches);
    const end = Math.floor((items.length * (stretch + 1)) / numStretches);
    for (const value of series) {
      for (const index of extremes(items, value, begin, end)) {
        chosen.add(index);
      }
    }
  }
  return items.filter((_, index) => chosen.has(index));
}

function extremes<T>(items: readonly T[], value: (item: T) => number | null, begin: number, end: number): number[] {
  let least = -1;
  let largest = -1;
  let absent = -1;
  let low = Infinity;
  let high = -Infinity;
  let hasSome = false;
  for (let index = begin; index < end; index += 1) {
    const item = items[index];
    const seen = item === undefined ? null : value(item);
    if (seen === null) {
      absent = absent < 0 ? index : absent;
      continue;
    }
    hasSome = true;
    if (seen < low) {
      low = seen;
      least = index;
    }
    if (seen > high) {
      high = seen;
      largest = index;
    }
  }
  return hasSome ? [least, largest, absent].filter((index) => index >= 0) : [];
}
