import type { Path } from './path.ts';

/** Something wrong in a document, by its path; document.ts finds the line and the column. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly kind: 'usage' | 'unsupported';
  readonly path: Path;
  readonly message: string;
  /** Points at the key instead of the value, for keys that should not be there. */
  readonly at?: 'key';
  /** Set when the place is known by itself, as for YAML that cannot be read. */
  readonly offset?: number;
}

export function error(path: Path, message: string): Problem {
  return { severity: 'error', kind: 'usage', path, message };
}

/** A request that is well formed but outside of what airhive can do: exit 3. */
export function unsupported(path: Path, message: string): Problem {
  return { severity: 'error', kind: 'unsupported', path, message };
}

export function warning(path: Path, message: string): Problem {
  return { severity: 'warning', kind: 'usage', path, message };
}
