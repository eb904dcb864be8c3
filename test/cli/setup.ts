import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { layOut } from '../fixtures/installation.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of a compiled airhive: .build/ of its own, overlays those of the checkout, profiles those of the tests. */
    readonly airhive: string;
  }
}

/** Compiles the program once for all tests that start it, so that none depends on what .build/ holds. */
export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'airhive-compiled-'));
  chmodSync(folder, 0o755);
  layOut(folder);
  mkdirSync(join(folder, 'bin'));
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  const compile = [join(ROOT, 'tools/compile.js'), join(folder, '.build')];
  const { status, stderr } = spawnSync(process.execPath, compile, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  provide('airhive', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
