import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { httpGet } from '../../generators/inputs/http.ts';
import type { IsoRequest } from '../../generators/inputs/iso.ts';
import type { Reporter } from '../../generators/ports.ts';
import { generatedBytes, pinOf, startMirror, type Mirror, type MirrorFile } from '../mirror/mirror.ts';
import { FakeClock } from './clock.ts';

/** Keeps what is reported. */
export class Recorder implements Reporter {
  readonly steps: string[] = [];
  readonly warnings: string[] = [];
  readonly details: string[] = [];
  done = 0;
  step(message: string): void {
    this.steps.push(message);
  }
  warn(message: string): void {
    this.warnings.push(message);
  }
  detail(message: string): void {
    this.details.push(message);
  }
  progress(_label: string, done: number): void {
    this.done = done;
  }
}

/** A folder of its own, removed with all it holds when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'airhive-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A mirror that is closed when the test is over. */
export async function mirrorOf(files: Readonly<Record<string, MirrorFile>>): Promise<Mirror> {
  const mirror = await startMirror({ files });
  onTestFinished(() => mirror.close());
  return mirror;
}

export const ISO = generatedBytes(300_000);
export const PIN = pinOf(ISO);

/** Mirrors that have ISO, an empty cache, and a request for it. */
export async function isoSandbox(mirrorCount = 1) {
  const mirrors = await Promise.all(Array.from({ length: mirrorCount }, () => mirrorOf({ [PIN.path]: ISO })));
  const cacheDir = join(temporaryFolder(), 'cache');
  const clock = new FakeClock();
  const reporter = new Recorder();
  const abort = new AbortController();
  const request: IsoRequest = {
    pin: PIN,
    cacheDir,
    mirrors: mirrors.map(({ url }) => url),
    offline: false,
    http: httpGet,
    clock,
    reporter,
    signal: abort.signal,
  };
  /** The same request for a child process. */
  const order = { pin: PIN, cacheDir, mirrors: request.mirrors };
  return { order, mirrors, mirror: mirrors[0]!, cacheDir, clock, reporter, abort, request };
}

/** Every file below a folder, by its path from there, in order of code units; none when it is not there. */
export function filesBelow(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  } catch {
    return [];
  }
}

export const CACHED = `iso/sha256/${PIN.sha256}.iso`;
export const RESTING = `iso/partial/${PIN.sha256}.part`;
