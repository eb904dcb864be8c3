/** The lines in which two pictures differ. */
export function differences(one: unknown, other: unknown): string[] {
  const lines = [linesOf(one, ''), linesOf(other, '')] as const;
  const sets = [new Set(lines[0]), new Set(lines[1])] as const;
  return [
    ...lines[0].filter((line) => !sets[1].has(line)).map((line) => `is ${line}`),
    ...lines[1].filter((line) => !sets[0].has(line)).map((line) => `wanted ${line}`),
  ];
}

function linesOf(value: unknown, path: string): string[] {
  if (value === null || typeof value !== 'object') return [`${path}: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, inside]) =>
    linesOf(inside, Array.isArray(value) ? path : `${path}/${key}`),
  );
}
