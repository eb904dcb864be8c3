/** What kind of problem an error is; each kind has one exit code (README, "Exit codes"). */
export type ErrorKind =
  'bug' | 'usage' | 'unsupported' | 'environment' | 'network' | 'verification' | 'disk' | 'interrupted';

/** The process exit code of each kind; the host scripts use the same numbers. */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  bug: 1,
  usage: 2,
  unsupported: 3,
  environment: 4,
  network: 5,
  verification: 6,
  disk: 7,
  interrupted: 130,
};

/** One problem found in a profile or in the pins, at its place in the file. Lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly kind: ErrorKind;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the value, e.g. `guest.memory` or `passthrough[0].pci`; empty for the file as a whole. */
  readonly path: string;
  /** What was read, what is allowed, what to do. */
  readonly message: string;
  /** The source line as the user wrote it, without its newline. */
  readonly excerpt: string;
}

/**
 * An error that a user can act on. `message` says what was read and what is allowed, `hint` what to do.
 * Anything thrown that is not an AirhiveError is a bug of ours (exit 1).
 */
export class AirhiveError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    kind: ErrorKind,
    message: string,
    options: { hint?: string; cause?: unknown; diagnostics?: readonly Diagnostic[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AirhiveError';
    this.kind = kind;
    this.hint = options.hint;
    this.diagnostics = options.diagnostics ?? [];
  }
}

/** The exit code for anything that was thrown: that of its kind, or 1 for a bug. */
export function exitCodeOf(error: unknown): number {
  return EXIT_CODES[error instanceof AirhiveError ? error.kind : 'bug'];
}

/** Node's `errno` name (ENOENT, ENOSPC, ...) of a thrown value, if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Wraps a failed file operation: `what` was being done to `path`. Exit 7. */
export function diskError(what: string, path: string, cause: unknown): AirhiveError {
  const code = systemCodeOf(cause);
  const reason = (code && DISK_REASONS[code]) ?? code ?? String(cause);
  return new AirhiveError('disk', `cannot ${what} ${path}: ${reason}`, {
    cause,
    hint: (code && DISK_HINTS[code]) ?? 'check the path, its permissions and the free space',
  });
}

/** Why one of airhive's own files, which every installation has, cannot be read: exit 4 when it is missing, else 7. */
export function ownFileError(path: string, cause: unknown): AirhiveError {
  const code = systemCodeOf(cause);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return diskError('read', path, cause);
  return new AirhiveError('environment', `a part of airhive is missing: ${path}`, {
    cause,
    hint: 'install airhive again, as a whole',
  });
}

const DISK_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EIO: 'input/output error',
};

const DISK_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'check the spelling of the path',
  EACCES: 'check who owns it, or choose another place',
  EROFS: 'choose a place that can be written',
  ENOSPC: 'free some space, or choose another place',
};
