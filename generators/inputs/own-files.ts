import { AirhiveError, diskError, systemCodeOf } from '../errors.ts';

/** Why one of airhive's own files, which every installation has, cannot be read: exit 4 when it is missing, else 7. */
export function ownFileError(path: string, cause: unknown): AirhiveError {
  const code = systemCodeOf(cause);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return diskError('read', path, cause);
  return new AirhiveError('environment', `a part of airhive is missing: ${path}`, {
    cause,
    hint: 'install airhive again, as a whole',
  });
}
