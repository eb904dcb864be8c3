import { expect } from 'vitest';
import { AirhiveError } from '../../../generators/errors.ts';
import { encodeFat } from '../../../generators/formats/fat/encode.ts';
import type { SampleFile } from './arbitraries.ts';

/** 2026-06-13 00:00:00 UTC. */
export const RELEASE_DAY = 1781308800;

export function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

/** What the vdisk looks like: the overlay, and a package repository below it. */
export const SAMPLE: readonly SampleFile[] = [
  { path: 'airhive.apkovl.tar.gz', bytes: text('overlay '.repeat(500)) },
  { path: 'apks/.boot_repository', bytes: new Uint8Array() },
  { path: 'apks/x86_64/APKINDEX.tar.gz', bytes: text('index') },
  { path: 'apks/x86_64/iw-6.17-r0.apk', bytes: text('package') },
  { path: 'README.TXT', bytes: text('plain upper-case 8.3\n') },
];

export function imageOf(files: readonly SampleFile[], size = 128 * 1024, time = RELEASE_DAY): Uint8Array {
  return encodeFat({ label: 'AIRHIVE', files, time, size });
}

/** Runs `action` and gives back what it threw. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

export function expectVerificationError(error: unknown): void {
  expect(error).toBeInstanceOf(AirhiveError);
  expect(error).toMatchObject({ kind: 'verification' });
}

/** Files in a form that compares by path and content, whatever their order. */
export function byPath(files: readonly SampleFile[]): Map<string, Buffer> {
  return new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes)]));
}
