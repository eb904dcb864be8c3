import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { compile, copyCompiled, copyProject } from '../reproducible/workspace.ts';

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let project: string;

function airhive(args: readonly string[] = ['profiles'], nodeOptions: readonly string[] = []): Run {
  const program = join(project, 'bin/airhive.cjs');
  return spawnSync(process.execPath, [...nodeOptions, program, ...args], { encoding: 'utf8' });
}

function compiledAt(): string {
  return readFileSync(join(project, '.build/compiled.json'), 'utf8');
}

const SAYS_EDITED = "\nprocess.stderr.write('edited\\n');\n";

const LAYOUT = { reverse: false, mode: 0o755, since: 1_700_000_000 };
let compiled: string;

beforeAll(() => {
  compiled = join(mkdtempSync(join(tmpdir(), 'airhive-test-')), 'airhive');
  copyProject(compiled, LAYOUT);
  compile(compiled);
  return () => rmSync(dirname(compiled), { recursive: true });
});

/** A compiled copy: the times of its sources are those that were compiled. */
function compiledProject(): void {
  copyProject(project, LAYOUT);
  copyCompiled(compiled, project);
}

beforeEach(() => {
  project = join(temporaryFolder(), 'airhive');
});

describe('the program is never older than its source', () => {
  it('compiles by itself in a clone that was not compiled', () => {
    copyProject(project, LAYOUT);
    expect(airhive()).toMatchObject({ status: 0, stderr: '' });
  });

  it('compiles again after an edit, and keeps the last program for commands that run', () => {
    compiledProject();
    appendFileSync(join(project, 'generators/main.ts'), SAYS_EDITED);
    expect(airhive()).toMatchObject({ status: 0, stderr: 'edited\n' });
    const programs = (): string[] =>
      readdirSync(join(project, '.build')).filter((name) => /^airhive-.*\.cjs$/.test(name));
    expect(programs()).toHaveLength(2);
    appendFileSync(join(project, 'generators/main.ts'), SAYS_EDITED);
    expect(airhive().stderr).toBe('edited\nedited\n');
    expect(programs()).toHaveLength(2);
  });

  it('does not compile when only the times are others', () => {
    compiledProject();
    const before = compiledAt();
    utimesSync(join(project, 'generators/main.ts'), 1_800_000_000, 1_800_000_000);
    expect(airhive()).toMatchObject({ status: 0, stderr: '' });
    expect(compiledAt()).toBe(before);
  });

  it('says in one text that a source cannot be compiled, and runs nothing', () => {
    compiledProject();
    appendFileSync(join(project, 'generators/main.ts'), 'const = ;\n');
    const { status, stdout, stderr } = airhive();
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toMatch(/^error: airhive's source changed, and cannot be compiled: /);
    expect(stderr).toContain('generators/main.ts');
    expect(stderr).not.toContain('at async');
  });

  it('without esbuild says what to run', () => {
    compiledProject();
    unlinkSync(join(project, 'node_modules'));
    expect(airhive()).toMatchObject({ status: 0, stderr: '' });
    appendFileSync(join(project, 'generators/main.ts'), SAYS_EDITED);
    const { status, stderr } = airhive();
    expect({ status, stderr }).toEqual({
      status: 4,
      stderr: 'error: airhive is not compiled, or older than its source: run "npm ci" in its directory\n',
    });
  });

  it('needs no source and no packages once it is compiled', () => {
    compiledProject();
    unlinkSync(join(project, 'node_modules'));
    for (const part of ['generators', 'tools']) rmSync(join(project, part), { recursive: true });
    chmodSync(join(project, '.build'), 0o555);
    // Who is not root cannot remove what is in it otherwise.
    onTestFinished(() => chmodSync(join(project, '.build'), 0o755));
    expect(airhive()).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('Node', () => {
  function under(version: string): Run {
    project = compiled;
    const fake = join(temporaryFolder(), 'other-version.cjs');
    writeFileSync(fake, `Object.defineProperty(process.versions, 'node', { value: '${version}' });\n`);
    return airhive(['profiles'], ['--require', fake]);
  }

  it.each(['6.17.1', '18.20.4', '20.18.3', '21.7.3', '22.11.0'])('%s: one line and exit 4', (version) => {
    expect(under(version)).toMatchObject({
      status: 4,
      stdout: '',
      stderr: `error: airhive needs Node 20.19, or 22.12 and newer; this is Node ${version}\n`,
    });
  });

  it.each(['20.19.0', '22.12.0', '23.0.0', '26.1.0'])('%s will do', (version) => {
    expect(under(version).status).toBe(0);
  });

  it('is asked for by npm in the same words', () => {
    project = compiled;
    const { engines } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    expect(engines.node).toBe('^20.19.0 || >=22.12.0');
  });
});
