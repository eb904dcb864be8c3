/** Where a value sits in a document: keys of groups and indices of lists, from the top. */
export type Path = readonly (string | number)[];

const PLAIN = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `passthrough[0].pci`; a key that is not a plain word is quoted, so that a dot in it cannot mislead. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!PLAIN.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The value that a path leads to, or undefined. Own properties only: `constructor` is a key like any other. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((current, step) => {
    if (typeof current !== 'object' || current === null) return undefined;
    return Object.getOwnPropertyDescriptor(current, step)?.value as unknown;
  }, value);
}
