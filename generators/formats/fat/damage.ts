import { AirhiveError } from '../../errors.ts';

/** The error for an image that is not as a FAT volume must be. `what` goes on from "the FAT image is damaged: ". */
export function damaged(what: string): AirhiveError {
  return new AirhiveError('verification', `the FAT image is damaged: ${what}`, {
    hint: 'build or copy it again',
  });
}
