/** Orders strings by UTF-16 code units: the same on every machine and in every locale. For Array.sort. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Entries in the one order that every writer of trees uses, which has parents before children. */
export function inPathOrder<T extends { readonly path: string }>(entries: readonly T[]): T[] {
  return entries.toSorted((a, b) => compareCodeUnits(a.path, b.path));
}
