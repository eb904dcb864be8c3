/**
 * Edit distance with neighbouring letters swapped counted as one step (optimal string alignment), because `memroy`
 * is a commoner slip than two wrong letters.
 */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const steps = [
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      ];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) steps.push((older[column - 2] ?? 0) + 1);
      current.push(Math.min(...steps));
    }
    older = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The known name that `written` was most likely meant to be; undefined when none is close. Ties: the first one. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
    .filter(
      ({ name, distance }) => distance <= Math.max(1, Math.floor(Math.min(name.length, written.length) / 3)),
    );
  return scored.reduce<(typeof scored)[number] | undefined>(
    (best, candidate) => (best && best.distance <= candidate.distance ? best : candidate),
    undefined,
  )?.name;
}
