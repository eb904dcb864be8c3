import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';
import { awkPrograms, complaint } from '../fixtures/awk-programs.ts';
import { freshFile } from '../fixtures/scratch.ts';

// By Alpine's own busybox, which its own C library's loader starts here without a chroot.

const OVERLAYS = fileURLToPath(new URL('../../overlays/', import.meta.url));
const { alpine } = inject('parts');
const BUSYBOX = [join(alpine, 'lib/ld-musl-x86_64.so.1'), join(alpine, 'bin/busybox')];

function scripts(): string[] {
  return readdirSync(OVERLAYS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) =>
      /^#!.*\b(sh|openrc-run)\n|^# shellcheck shell=sh/m.test(readFileSync(path, 'utf8').slice(0, 400)),
    )
    .filter((path) => !path.endsWith('.mustache'))
    .toSorted();
}

/** What Alpine's ash says of a script without running it. */
function parsed(path: string): string {
  const [loader = '', busybox = ''] = BUSYBOX;
  const { status, stderr } = spawnSync(loader, [busybox, 'ash', '-n', path], { encoding: 'utf8' });
  return status === 0 ? stderr : `exit status ${String(status)}: ${stderr}`;
}

describe("Alpine's ash", () => {
  it('parses every script of both machines', () => {
    const all = scripts();
    expect(all.filter((path) => path.startsWith(join(OVERLAYS, 'guest'))).length).toBeGreaterThan(20);
    expect(all.filter((path) => path.startsWith(join(OVERLAYS, 'host'))).length).toBeGreaterThan(25);
    expect(all.map((path) => [path, parsed(path)]).filter(([, said]) => said !== '')).toEqual([]);
  });

  it('refuses what is none', () => {
    for (const text of ['if true; then\n', 'case x in\n', 'echo "\n', 'f() { echo\n'])
      expect(parsed(freshFile(text)), text).not.toBe('');
  });
});

describe("Alpine's awk", () => {
  const awk = [...BUSYBOX, 'awk'];

  it('parses and runs every program of both machines, those in scripts too', () => {
    const programs = awkPrograms();
    expect(programs.length).toBeGreaterThan(40);
    const wrong = programs.map((program) => [program.at, complaint(awk, program)]);
    expect(wrong.filter(([, said]) => said !== '')).toEqual([]);
  });

  it('refuses what is none', () => {
    for (const text of ['{ print $1', 'BEGIN { unknown(1) }', 'BEGIN { print (1 }'])
      expect(complaint(awk, { text, files: [], assignments: [] }), text).not.toBe('');
  });
});
