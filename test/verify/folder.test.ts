import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generatedBytes } from '../mirror/mirror.ts';
import { buildBundle, copyOf, ISO_PATH, manifestOf, problemsOf, verify, type Built } from './bundles.ts';

let built: Built;
let folder = '';
let paths: string[] = [];
beforeAll(async () => {
  built = await buildBundle();
  paths = [...manifestOf(built.folder).files.map(({ path }) => path), 'manifest.json', 'SHA256SUMS'];
});
afterAll(() => built.remove());
beforeEach(() => {
  folder = copyOf(built.folder, built.root);
});

const at = (path: string): string => join(folder, path);

/** What was changed is named. */
function expectNamed(problems: readonly string[], ...changed: readonly string[]): void {
  expect(problems).not.toEqual([]);
  for (const path of changed) expect(problems.join('\n')).toContain(path);
}

it('a bundle as it was built is found right, wherever it lies, with the ISO and without', async () => {
  await expect(verify(folder)).resolves.toMatchObject({ files: paths.length, iso: true });
  await expect(verify(`${folder}/`, true)).resolves.toMatchObject({ iso: true });
  rmSync(at(ISO_PATH));
  await expect(verify(folder)).resolves.toMatchObject({ files: paths.length, iso: false });
  // What vm_fetch has of a download that goes on.
  writeFileSync(at(`${ISO_PATH}.part`), 'begun');
  await expect(verify(folder)).resolves.toMatchObject({ iso: false });
  const moved = join(built.root, 'under another name');
  renameSync(folder, moved);
  await expect(verify(moved)).resolves.toBeDefined();
});

describe('what never ends', () => {
  it.each([
    ['a pipe', (path: string) => void spawnSync('mkfifo', [path])],
    ['a link to a device', (path: string) => symlinkSync('/dev/zero', path)],
    ['a link to itself', (path: string) => symlinkSync(basename(path), path)],
  ])('%s is not read', async (_what, make) => {
    for (const path of ['README.txt', ISO_PATH]) {
      rmSync(at(path));
      make(at(path));
      expectNamed(await problemsOf(folder), path);
    }
    rmSync(at('manifest.json'));
    make(at('manifest.json'));
    await expect(verify(folder)).rejects.toThrow('is not a bundle: there is no manifest.json in it');
    make(at('tar'));
    await expect(verify(at('tar'))).rejects.toThrow('cannot read');
  });
});

it('a name that a terminal would obey is shown with escapes', async () => {
  writeFileSync(at('x\u001b]0;owned\u0007\nerror: 1\u009b2J'), '');
  const problems = (await problemsOf(folder)).join('\n');
  expect(problems).toContain(
    String.raw`x\u{1b}]0;owned\u{7}\u{a}error: 1\u{9b}2J: not a file of this bundle`,
  );
});

// Each of these verifies the bundle as often as it has files.
describe('every file in turn', { timeout: 180_000 }, () => {
  it('a byte is flipped', async () => {
    for (const path of paths) {
      const bytes = readFileSync(at(path));
      const changed = Buffer.from(bytes);
      changed[bytes.length >> 1]! ^= 1;
      writeFileSync(at(path), changed);
      expectNamed(await problemsOf(folder), path);
      writeFileSync(at(path), bytes);
    }
    expect(await problemsOf(folder)).toEqual([]);
  });

  it('it is cut short, made empty, or longer', async () => {
    for (const [index, path] of paths.entries()) {
      const bytes = readFileSync(at(path));
      const others = [bytes.subarray(0, -1), Buffer.alloc(0), Buffer.concat([bytes, Buffer.from('\n')])];
      writeFileSync(at(path), others[index % others.length]!);
      expectNamed(await problemsOf(folder), path);
      writeFileSync(at(path), bytes);
    }
    expect(await problemsOf(folder)).toEqual([]);
  });

  it('it is gone, has another name, or is a link', async () => {
    for (const [index, path] of paths.entries()) {
      const elsewhere = join(built.root, 'elsewhere');
      renameSync(at(path), elsewhere);
      if (index % 3 === 1) symlinkSync(elsewhere, at(path));
      if (index % 3 === 2) symlinkSync(elsewhere, at('other'));
      expectNamed(await problemsOf(folder), path);
      for (const link of [path, 'other']) rmSync(at(link), { force: true });
      renameSync(elsewhere, at(path));
    }
    expect(await problemsOf(folder)).toEqual([]);
  });

  it('it has another mode', async () => {
    for (const path of paths) {
      const mode = path.startsWith('vm_') ? 0o777 : 0o600;
      const before = manifestOf(folder).files.find((file) => file.path === path)?.mode ?? '0644';
      chmodSync(at(path), mode);
      expect(await problemsOf(folder)).toEqual([
        `${path}: its mode is 0${mode.toString(8)}, it has to be ${before}`,
      ]);
      chmodSync(at(path), Number.parseInt(before, 8));
    }
  });
});

describe('a folder that is', () => {
  it('two files with their contents swapped', async () => {
    const [one, two] = [readFileSync(at('vm_run')), readFileSync(at('vm_kill'))];
    writeFileSync(at('vm_run'), two);
    writeFileSync(at('vm_kill'), one);
    expect(await problemsOf(folder)).toEqual(
      ['vm_kill', 'vm_run'].map(
        (path) => `${path}: its SHA-256 is not the one in SHA256SUMS and manifest.json`,
      ),
    );
  });

  it('one with something added', async () => {
    writeFileSync(at('zzz'), '');
    mkdirSync(at('empty'));
    mkdirSync(at('iso/sub'));
    writeFileSync(at(`iso/sub/${ISO_PATH.slice(4)}`), readFileSync(at(ISO_PATH)));
    writeFileSync(at('iso/other.iso.sha256'), '');
    expect((await problemsOf(folder)).sort()).toEqual([
      'empty: not a directory of this bundle',
      'iso/other.iso.sha256: not a file of this bundle',
      `iso/sub/${ISO_PATH.slice(4)}: not a file of this bundle`,
      'iso/sub: not a directory of this bundle',
      'zzz: not a file of this bundle',
    ]);
  });

  it('one that others may write into', async () => {
    chmodSync(at('snippets'), 0o777);
    expect(await problemsOf(folder)).toEqual(['snippets: its mode 0777 lets others write into it']);
  });

  it('one with data/, which is not looked into', async () => {
    mkdirSync(at('data'), 0o700);
    symlinkSync('/nowhere', at('data/link'));
    writeFileSync(at('data/key'), '-----BEGIN OPENSSH PRIVATE KEY-----');
    expect(await problemsOf(folder)).toEqual([]);
    expect(await problemsOf(folder, true)).toEqual([
      'data/: it holds the secrets of one machine; publish the bundle without it',
    ]);
  });
});

describe('the ISO beside its checksum', () => {
  it('has other bytes, another length, another name', async () => {
    const bytes = readFileSync(at(ISO_PATH));
    chmodSync(at(ISO_PATH), 0o644);
    writeFileSync(at(ISO_PATH), generatedBytes(bytes.length, 9));
    expect(await problemsOf(folder)).toEqual([
      expect.stringMatching(new RegExp(`^${ISO_PATH}: its SHA-256 has to be [0-9a-f]{64}$`)),
    ]);
    writeFileSync(at(ISO_PATH), bytes.subarray(1));
    expect(await problemsOf(folder)).toEqual([`${ISO_PATH}: it has to be ${bytes.length} bytes long`]);
    renameSync(at(ISO_PATH), at('iso/other.iso'));
    expect(await problemsOf(folder)).toEqual(['iso/other.iso: not a file of this bundle']);
  });
});

it('what is no bundle at all says so', async () => {
  await expect(verify(at('not/there'))).rejects.toMatchObject({
    kind: 'disk',
    message: expect.stringContaining('no such file') as string,
  });
  await expect(verify(built.root)).rejects.toMatchObject({
    kind: 'verification',
    message: `${built.root} is not a bundle: there is no manifest.json in it`,
  });
  await expect(verify('/dev/null')).rejects.toMatchObject({ kind: 'disk' });
});
