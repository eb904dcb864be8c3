import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { assembleBundle, type Bundle } from '../../generators/bundle/bundle.ts';
import { encodeBundlePkg } from '../../generators/bundle/package.ts';
import { sha256 } from '../../generators/formats/checksums.ts';
import { tarMembers } from '../../generators/formats/tar.ts';
import { guestTree, hostTree, NO_CONTENTS, page } from '../fixtures/machines.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';

const EPOCH = 1700000001;
const profile = VARIANTS.intel8260!;

const assemble = (of = profile) =>
  assembleBundle({
    profile: of,
    version: '0.3.0-rc.1',
    epoch: EPOCH,
    guest: guestTree(of),
    host: hostTree(of),
    page,
    contents: NO_CONTENTS,
    program: [],
  });

interface Member {
  readonly name: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

interface Manifest {
  readonly [key: string]: unknown;
  readonly files: Record<string, string>;
  readonly deps: Record<string, { origin: string; version: string }>;
  readonly messages: { type: string; message: string }[];
  readonly scripts: Record<string, string>;
  readonly flatsize: number;
}

/** Reads a package as pkg(8) does, and refuses whatever that would only put up with. */
async function readPkg(bytes: Uint8Array): Promise<{ manifest: Manifest; files: Member[] }> {
  const members: Member[] = [];
  for await (const { header, bytes: content } of tarMembers(bytes)) {
    const { type, uid, gid, uname, gname, mtime } = header;
    expect({ type, uid, gid, uname, gname, seconds: mtime.getTime() }).toEqual({
      ...{ type: 'file', uid: 0, gid: 0, uname: 'root', gname: 'wheel' },
      seconds: EPOCH * 1000,
    });
    members.push({ name: header.name, mode: header.mode, bytes: content });
  }
  const [first, second, ...files] = members;
  expect([first?.name, second?.name]).toEqual(['+COMPACT_MANIFEST', '+MANIFEST']);
  const compact = JSON.parse(first!.bytes.toString()) as Record<string, unknown>;
  const manifest = JSON.parse(second!.bytes.toString()) as Manifest;
  const { files: sums, scripts, ...rest } = manifest;
  expect([compact, Object.keys(scripts)]).toEqual([rest, ['pre-deinstall', 'post-deinstall']]);
  // pkg looks a file up by its name in the archive, and has no rest of either.
  expect(files.map(({ name }) => name)).toEqual(Object.keys(sums));
  for (const { name, bytes: content } of files) {
    expect(name).toMatch(/^\/usr\/local\/[^/]/);
    expect([name, sums[name]]).toEqual([name, `1$${sha256(content)}`]);
  }
  expect(manifest.flatsize).toBe(files.reduce((size, { bytes: content }) => size + content.length, 0));
  return { manifest, files };
}

let bundle: Bundle;
let manifest: Manifest;
let files: Member[];

beforeAll(async () => {
  bundle = await assemble();
  ({ manifest, files } = await readPkg(await encodeBundlePkg(bundle, profile, '0.3.0-rc.1')));
});

// Seen with pkg 2.8.99: info -F, -r ROOT add -M, check -sa and delete -y, on ABIs 13 to 15 and refused on 12 and 16.
describe('the package for "pkg add intel.pkg"', () => {
  it('has the fields without which pkg refuses it, and some more', () => {
    for (const name of 'name origin version comment desc maintainer www prefix abi'.split(' '))
      expect([name, manifest[name]]).toEqual([name, expect.stringMatching(/./)]);
    const {
      files: _files,
      scripts: _scripts,
      messages: _messages,
      flatsize: _size,
      desc,
      ...fields
    } = manifest;
    expect(fields).toEqual({
      name: 'airhive-intel8260',
      // No "-" but the one before the version; newer with a newer Alpine.
      version: '0.3.0.rc.1_20231114',
      origin: 'net/airhive-intel8260',
      comment: 'Wi-Fi through a small Linux guest, profile intel8260',
      maintainer: 'root@localhost',
      www: 'https://man.freebsd.org/bhyve',
      categories: ['net'],
      abi: 'FreeBSD:1[3-5]:amd64',
      arch: 'freebsd:1[3-5]:x86:64',
      deps: { 'grub2-bhyve': { origin: 'sysutils/grub2-bhyve', version: '0.40' } },
      prefix: '/usr/local',
      licenselogic: 'single',
    });
    for (const line of `${String(desc)}\n${manifest.messages.map(({ message }) => message).join('\n')}`.split(
      '\n',
    ))
      expect(line.length).toBeLessThanOrEqual(80);
    expect(manifest.messages.map(({ type }) => type)).toEqual(['install', 'upgrade']);
    expect(manifest.messages[0]?.message).toContain('airhivectl install');
  });

  it('has the whole bundle in a directory of its own, and what FreeBSD looks for in its place', () => {
    const inside = '/usr/local/share/airhive/intel8260/';
    const found = files.filter(({ name }) => name.startsWith(inside));
    expect(found.map(({ name, mode, bytes }) => [name.slice(inside.length), mode, sha256(bytes)])).toEqual(
      bundle.files.map(({ path, mode, bytes }) => [path, mode, sha256(bytes)]),
    );
    const others = files.filter(({ name }) => !name.startsWith(inside));
    expect(others.map(({ name, mode }) => [name, mode.toString(8)])).toEqual([
      ['/usr/local/etc/rc.d/airhive', '555'],
      ['/usr/local/sbin/airhivectl', '555'],
      ['/usr/local/share/bash-completion/completions/airhivectl', '644'],
      ['/usr/local/share/fish/vendor_completions.d/airhivectl.fish', '644'],
      ['/usr/local/share/man/man5/airhive-profile.5', '644'],
      ['/usr/local/share/man/man8/airhive.8', '644'],
      ['/usr/local/share/zsh/site-functions/_airhivectl', '644'],
    ]);
    const sums = new Set(bundle.files.map(({ bytes }) => sha256(bytes)));
    expect(others.filter(({ bytes }) => !sums.has(sha256(bytes)))).toEqual([]);
  });

  it('wants the loader of the profile', async () => {
    const uefi = variant({ machine: { loader: 'uefi' } });
    const other = await readPkg(await encodeBundlePkg(await assemble(uefi), uefi, '0.3.0'));
    expect(other.manifest.deps).toEqual({ 'edk2-bhyve': { origin: 'sysutils/edk2', version: 'g202411' } });
  });
});

/** Runs a script of the package as pkg does, on a machine below a directory. */
function run(script: string, root: string, env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `set -- airhive-intel8260-0.3.0\n${manifest.scripts[script]!}`],
    {
      env: { PATH: '/usr/bin:/bin', PKG_ROOTDIR: '/', AIRHIVE_ROOT: root, ...env },
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** A machine with the ISO in the package's directory, and airhive installed in `home`. */
function machine(): { root: string; iso: string; home: string } {
  const root = temporaryFolder();
  const iso = join(root, 'usr/local/share/airhive/intel8260/iso');
  const home = join(root, 'home');
  for (const directory of [iso, join(home, 'current'), join(root, 'var/db/airhive')])
    mkdirSync(directory, { recursive: true });
  for (const name of ['a.iso', 'a.iso.part', 'a.iso.sha256']) writeFileSync(join(iso, name), '');
  writeFileSync(join(home, 'current/vm_install'), `echo "$@" >>"${home}/called"\n`);
  return { root, iso, home };
}

describe('its scripts', () => {
  it('take along what vm_fetch has downloaded, and say nothing where airhive is not installed', () => {
    const { root, iso } = machine();
    expect(run('pre-deinstall', root) + run('post-deinstall', root)).toBe('');
    expect(['a.iso', 'a.iso.part', 'a.iso.sha256'].map((name) => existsSync(join(iso, name)))).toEqual([
      ...[false, false, true],
    ]);
  });

  it('keep what is installed at work, and say how to take it back', () => {
    const { root, home } = machine();
    writeFileSync(join(root, 'var/db/airhive/folder'), `${home}\n`);
    expect(run('pre-deinstall', root)).toContain(`${home}/current/airhivectl remove`);
    expect(run('post-deinstall', root)).toBe('');
    expect(readFileSync(join(home, 'called'), 'utf8')).toBe('keep\n');
    writeFileSync(join(home, 'current/vm_install'), 'exit 4\n');
    expect(run('post-deinstall', root)).toContain(`run ${home}/current/vm_install apply`);
  });

  it('do nothing when a newer one takes its place, and not to the machine that only prepares another', () => {
    const { root, iso, home } = machine();
    writeFileSync(join(root, 'var/db/airhive/folder'), `${home}\n`);
    const upgrade = { PKG_UPGRADE: 'true' };
    expect(run('pre-deinstall', root, upgrade) + run('post-deinstall', root, upgrade)).toBe('');
    expect(run('post-deinstall', root, { PKG_ROOTDIR: '/mnt' })).toBe('');
    expect([existsSync(join(iso, 'a.iso')), existsSync(join(home, 'called'))]).toEqual([true, false]);
  });
});
