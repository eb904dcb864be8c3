import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../inputs/clock.ts';
import { filesBelow, mirrorOf } from '../inputs/sandbox.ts';
import { deadMirrorUrl, type Mirror, type MirrorFile } from '../mirror/mirror.ts';
import {
  apkOf,
  COMMUNITY,
  indexOf,
  MADE,
  MAIN,
  mirrorFiles,
  newSigner,
  PACKAGES,
  signed,
  SIGNER,
  type Fields,
} from '../packages/repository.ts';
import { runInside, start, unwrapped } from './command.ts';
import { folderWith, profileText, RELEASES } from './projects.ts';

const INDEX = `${MAIN}/APKINDEX.tar.gz`;
const IPTABLES = `${MAIN}/iptables-1.8.13-r0.apk`;
const NAMES = ['dnsmasq', 'dnsmasq-common', 'dnsmasq-openrc', 'iptables', 'iptables-openrc', 'libxtables'];

interface Document {
  readonly indexes: readonly Fields[];
  readonly packages: readonly Fields[];
}

/** `npm run airhive -- lock --profile ./mine.yaml`, with a mirror, keys and pins of the tests. */
function sandbox(groups: Readonly<Record<string, unknown>> = {}) {
  const cwd = folderWith({ 'pins.yaml': RELEASES, 'mine.yaml': profileText(groups) });
  mkdirSync(join(cwd, 'keys'));
  writeFileSync(join(cwd, 'keys', SIGNER.name), SIGNER.publicKey);
  const words = [
    'lock',
    '--profile',
    './mine.yaml',
    '--releases',
    'pins.yaml',
    '--keys',
    'keys',
    '--cache',
    'cache',
  ];
  const lockFrom = (mirror: Mirror | string, ...more: string[]) =>
    runInside([...words, '--mirror', typeof mirror === 'string' ? mirror : mirror.url, ...more], {
      cwd,
      clock: new FakeClock(),
    });
  const path = join(cwd, 'mine.lock.json');
  return { cwd, words, lockFrom, path, read: () => JSON.parse(readFileSync(path, 'utf8')) as Document };
}

const wholeIn = (cwd: string): string[] =>
  filesBelow(join(cwd, 'cache')).filter((file) => !file.startsWith('index/'));
const flipped = (bytes: MirrorFile, at: number): Buffer => {
  const copy = Buffer.from(bytes as Uint8Array);
  copy[at < 0 ? copy.length + at : at]! ^= 1;
  return copy;
};

it('what the ISO lacks is chosen, fetched, checked and written down; the same from the cache without a network', async () => {
  const { cwd, lockFrom, path, read } = sandbox();
  const files = await mirrorFiles();
  const mirror = await mirrorOf(files);
  const { code, stdout, stderr } = await lockFrom(mirror);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'mine.lock.json\n' });
  expect(stderr).toContain(`read ${INDEX} of 2026-06-20T12:00:00Z from ${mirror.url}/${INDEX}\n`);
  const text = readFileSync(path, 'utf8');
  expect(read().packages.map(({ name }) => name)).toEqual(NAMES);
  const index = files[INDEX] as Buffer;
  expect(read()).toMatchObject({
    format: 1,
    profile: 'mine',
    alpine: { release: '3.24.1', flavor: 'standard', arch: 'x86_64', branch: 'v3.24' },
    iso: { file: 'alpine-standard-3.24.1-x86_64.iso', size: 200_000 },
    indexes: [
      {
        repository: 'main',
        path: INDEX,
        size: index.length,
        sha256: sha256(index),
        date: '2026-06-20T12:00:00Z',
      },
    ],
  });
  for (const { path: below = '', sha256: digest, size } of read().packages) {
    const bytes = files[below] as Buffer;
    expect([digest, size]).toEqual([sha256(bytes), bytes.length]);
  }
  expect(mirror.requests.map((one) => one.path)).toEqual([INDEX, ...read().packages.map((one) => one.path)]);

  const again = await lockFrom(mirror);
  expect(again.code).toBe(0);
  expect(mirror.requests).toHaveLength(1 + NAMES.length + 1);
  expect(readFileSync(path, 'utf8')).toBe(text);
  const offline = await lockFrom(await deadMirrorUrl(), '--offline', '--json', '--out', 'other.json');
  expect(JSON.parse(offline.stdout)).toEqual({
    ok: true,
    lock: 'other.json',
    ...(JSON.parse(text) as object),
  });
  expect(readFileSync(join(cwd, 'other.json'), 'utf8')).toBe(text);
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A lock of nothing, from long ago. */
const OLD = JSON.stringify({
  format: 1,
  profile: 'x',
  alpine: { release: '3.24.1', flavor: 'standard', arch: 'x86_64', branch: 'v3.24' },
  iso: { file: 'x', path: 'x', size: 1, sha256: 'a'.repeat(64) },
  asked: { iso: [], packages: [], firmware: [] },
  indexes: [],
  packages: [],
  firmware: [],
  absent: [],
});

/** What is wrong with the mirror's files, the exit code, and what is said. */
type Case = [
  what: string,
  change: (files: Record<string, MirrorFile>) => unknown,
  code: number,
  message: RegExp,
];

const ENDS: Case[] = [
  [
    'index changed',
    (f) => (f[INDEX] = flipped(f[INDEX]!, -20)),
    6,
    /APKINDEX\.tar\.gz sent a wrong file: it is (damaged|cut short or damaged)/,
  ],
  [
    'index cut',
    (f) => (f[INDEX] = (f[INDEX] as Buffer).subarray(0, -30)),
    6,
    /sent a wrong file: it is cut short or damaged/,
  ],
  [
    'index of nothing',
    (f) => (f[INDEX] = Buffer.from('<html>go away</html>')),
    6,
    /sent a wrong file: it is not made of gzip streams/,
  ],
  [
    'index longer',
    (f) => (f[INDEX] = Buffer.concat([f[INDEX] as Buffer, Buffer.alloc(9)])),
    6,
    /it has something behind its end/,
  ],
  [
    'index unsigned',
    async (f) => (f[INDEX] = (await apkOf({ P: 'x' })).bytes.subarray(0)),
    6,
    /holds no file APKINDEX|something behind/,
  ],
  [
    'index by an unknown key',
    async (f) => Object.assign(f, await mirrorFiles(PACKAGES, {}, { signer: newSigner('evil.rsa.pub') })),
    6,
    /signed with a key that is not known: evil\.rsa\.pub \(known keys: test@airhive-00000001\.rsa\.pub/,
  ],
  [
    'index wrongly signed',
    async (f) =>
      Object.assign(
        f,
        await mirrorFiles(PACKAGES, {}, { signer: { ...newSigner('evil'), name: SIGNER.name } }),
      ),
    6,
    /it has a wrong signature: not what test@airhive-00000001\.rsa\.pub signed/,
  ],
  [
    'index with lines that are none',
    async (f) => (f[INDEX] = await indexOf('P:a\nV:1\nnonsense\n\nC:Q1x\nP:b\nV:\n\n')),
    6,
    /it cannot be read:\n {2}line 3: not LETTER:VALUE\n.*line 1: a record without A:.*\n(.*\n)*.*line 7: V: is not a version/,
  ],
  [
    'index not there',
    (f) => Reflect.deleteProperty(f, INDEX),
    5,
    /error: v3\.24\/main\/x86_64\/APKINDEX\.tar\.gz could not be downloaded:\n.*HTTP status 404/,
  ],
  [
    'package changed, right size',
    (f) => (f[IPTABLES] = flipped(f[IPTABLES]!, -1)),
    6,
    /iptables-1\.8\.13-r0\.apk sent a wrong file: the SHA-256 of its files is [0-9a-f]{64}, it says [0-9a-f]{64}/,
  ],
  [
    'package of other content, right size',
    async (f) => {
      const { bytes } = await apkOf({ P: 'iptables', V: '1.8.13-r0' }, { info: { x: 'y' } });
      f[IPTABLES] = Buffer.alloc((f[IPTABLES] as Buffer).length);
      (f[IPTABLES] as Buffer).set(bytes.subarray(0, (f[IPTABLES] as Buffer).length));
    },
    6,
    /the SHA-1 of its control part is [0-9a-f]{40}, the index says [0-9a-f]{40}/,
  ],
  [
    'package of another length',
    (f) => (f[IPTABLES] = Buffer.concat([f[IPTABLES] as Buffer, Buffer.alloc(1)])),
    5,
    /iptables-1\.8\.13-r0\.apk: its file has [0-9]+ bytes, it should have [0-9]+/,
  ],
  [
    'package not there',
    (f) => Reflect.deleteProperty(f, IPTABLES),
    5,
    /iptables-1\.8\.13-r0\.apk could not be had: .*\n.*HTTP status 404/,
  ],
];

describe('each has an error of its own, and nothing of it is kept', () => {
  it.each(ENDS)('%s', async (_what, change, code, message) => {
    const { cwd, lockFrom, path } = sandbox();
    const files = await mirrorFiles();
    await change(files);
    writeFileSync(path, OLD);
    const ended = await lockFrom(await mirrorOf(files));
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(readFileSync(path, 'utf8')).toBe(OLD);
    expect(wholeIn(cwd).filter((file) => file.includes('partial'))).toEqual([]);
    expect(readdirSync(cwd).sort()).toEqual(
      ['cache', 'keys', 'mine.lock.json', 'mine.yaml', 'pins.yaml'].filter((name) =>
        existsSync(join(cwd, name)),
      ),
    );
  });

  it.each<[string, Fields[], number, RegExp]>([
    [
      'nothing provides what is needed',
      [
        { P: 'dnsmasq', D: 'dnsmasq-x' },
        { P: 'dnsmasq-x', D: 'so:gone.so.1' },
      ],
      3,
      /dnsmasq-1-r0 needs dnsmasq-x-1-r0 needs so:gone\.so\.1: no package provides it/,
    ],
    [
      'a version that is not there',
      [{ P: 'iptables', D: 'musl>=2' }],
      3,
      /alpine-base-1-r0: it needs musl\n {4}musl-1-r0: iptables-1-r0 needs another version: musl>=2\n/,
    ],
    [
      'another architecture',
      [{ P: 'iptables', A: 'aarch64' }],
      3,
      /iptables: none of these can be taken\n {2}iptables-1-r0: it is for aarch64, not for x86_64/,
    ],
    ['a conflict with what the ISO has', [{ P: 'iptables', D: '!openrc' }], 3, /openrc/],
  ])('%s', async (_what, packages, code, message) => {
    const { cwd, lockFrom, path } = sandbox();
    const rest = PACKAGES.filter(({ P }) => !packages.some((one) => one.P === P));
    const files = await mirrorFiles([...rest, ...packages]);
    const ended = await lockFrom(
      await mirrorOf({ ...files, ...(await mirrorFiles([], {}, { below: COMMUNITY })) }),
    );
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(existsSync(path)).toBe(false);
    expect(wholeIn(cwd)).toEqual([]);
  });

  it('a package signed by nobody known, or by the wrong one, though the index names it', async () => {
    for (const [signer, message] of [
      [newSigner('evil.rsa.pub'), /it is signed with a key that is not known: evil\.rsa\.pub/],
      [{ ...newSigner('evil'), name: SIGNER.name }, /it has a wrong signature/],
    ] as const) {
      const { lockFrom, cwd } = sandbox();
      const ended = await lockFrom(await mirrorOf(await mirrorFiles(PACKAGES, { libxtables: { signer } })));
      expect(ended.stderr).toMatch(message);
      expect(ended.code).toBe(6);
      expect(wholeIn(cwd)).toHaveLength(5);
    }
  });

  it('an older index than the one that was here, be that in the cache or in the lock', async () => {
    const { cwd, lockFrom, path } = sandbox();
    const [older, newer] = [MADE, MADE + 86_400];
    const old = await mirrorOf(await mirrorFiles(PACKAGES, {}, { date: older }));
    expect((await lockFrom(await mirrorOf(await mirrorFiles(PACKAGES, {}, { date: newer })))).code).toBe(0);
    const text = readFileSync(path, 'utf8');
    for (const more of [
      ['--cache', 'empty'],
      ['--out', 'new.json'],
    ]) {
      const ended = await lockFrom(old, ...more);
      expect(ended.code).toBe(6);
      expect(ended.stderr).toContain(
        'it was made on 2026-06-20T12:00:00Z, and one of 2026-06-21T12:00:00Z has been here',
      );
    }
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect((await lockFrom(old, '--cache', 'empty', '--out', 'new.json')).code).toBe(0);
    expect(existsSync(join(cwd, 'new.json'))).toBe(true);
  });

  it('no mirror that answers, and nothing in the cache', async () => {
    for (const more of [[], ['--offline']]) {
      const { lockFrom, path } = sandbox();
      const ended = await lockFrom(await deadMirrorUrl(), ...more);
      expect(ended.code).toBe(5);
      expect(ended.stderr).toMatch(
        /error: v3\.24\/main\/x86_64\/APKINDEX\.tar\.gz could not be (had: --offline|downloaded:\n)/,
      );
      expect(existsSync(path)).toBe(false);
    }
  });

  it('a file that is no lock is not overwritten', async () => {
    const { cwd, lockFrom } = sandbox();
    writeFileSync(join(cwd, 'letter.txt'), 'Dear');
    const ended = await lockFrom(await mirrorOf(await mirrorFiles()), '--out', 'letter.txt');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('letter.txt is there, and is not a lock of this airhive');
    expect(readFileSync(join(cwd, 'letter.txt'), 'utf8')).toBe('Dear');
  });

  it.each([
    ['missing', undefined, 7, /cannot read others: no such file/],
    ['empty', {}, 2, /there is no key in others/],
    ['not a key', { 'a.rsa.pub': 'hello' }, 2, /others\/a\.rsa\.pub is not a public RSA key/],
  ] as const)('a directory of keys that is %s', async (_what, keys, code, message) => {
    const { cwd, lockFrom } = sandbox();
    if (keys) mkdirSync(join(cwd, 'others'));
    for (const [name, text] of Object.entries<string>(keys ?? {}))
      writeFileSync(join(cwd, 'others', name), text);
    const ended = await lockFrom(await deadMirrorUrl(), '--keys', 'others');
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
  });
});

it('of two providers the one with the higher priority, in a loop all, community only when main will not do', async () => {
  const { lockFrom, read } = sandbox({ alpine: { release: '3.24.1', packages: ['loop-a', 'far'] } });
  const rest = PACKAGES.filter(({ P }) => P !== 'libxtables');
  const main = await mirrorFiles([
    ...rest,
    { P: 'xt-one', p: 'so:libxtables.so.12=12', k: '10' },
    { P: 'xt-two', p: 'so:libxtables.so.12=12', k: '20' },
    { P: 'loop-a', D: 'loop-b' },
    { P: 'loop-b', D: 'loop-a' },
  ]);
  const community = await mirrorFiles([{ P: 'far', A: 'noarch' }], {}, { below: COMMUNITY, kind: 'RSA256' });
  expect((await lockFrom(await mirrorOf({ ...main, ...community }))).code).toBe(0);
  expect(read().packages.map(({ name }) => name)).toEqual(
    [...NAMES.filter((name) => name !== 'libxtables'), 'far', 'loop-a', 'loop-b', 'xt-two'].sort(),
  );
  expect(read().indexes.map(({ repository }) => repository)).toEqual(['main', 'community']);
  expect(read().packages.find(({ name }) => name === 'far')).toMatchObject({
    repository: 'community',
    path: `${COMMUNITY}/far-1-r0.apk`,
  });
});

it('a package that was cut off is resumed, one damaged in the cache is fetched again', async () => {
  const { cwd, lockFrom, path } = sandbox();
  const files = await mirrorFiles();
  const mirror = await mirrorOf(files);
  mirror.script({ kind: 'serve' }, { kind: 'cut', after: 100 }, { kind: 'serve' });
  expect((await lockFrom(mirror)).code).toBe(0);
  expect(mirror.requests.map(({ range }) => range).filter(Boolean)).toEqual(['bytes=100-']);
  const text = readFileSync(path, 'utf8');

  const [first = ''] = wholeIn(cwd);
  const place = join(cwd, 'cache', first);
  const bytes = readFileSync(place);
  writeFileSync(`${place}.new`, flipped(bytes, 50));
  renameSync(`${place}.new`, place);
  const again = await lockFrom(mirror);
  expect(again.code).toBe(0);
  expect(unwrapped(again.stderr)).toContain('warning: the cached file is damaged and was removed: ');
  expect(readFileSync(place).equals(bytes)).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

it('a package of 300 MB, by the compiled program', async () => {
  const { cwd, words, read } = sandbox();
  const size = 300e6;
  const hash = createHash('sha256');
  const block = Buffer.alloc(1e6);
  for (let done = 0; done < size; done += block.length) hash.update(block);
  const data = { size, sha256: hash.digest('hex') };
  const files = await mirrorFiles(PACKAGES, { iptables: { data } });
  const mirror = await mirrorOf({ ...files, [IPTABLES]: { head: files[IPTABLES] as Buffer, zeros: size } });
  const { code, stderr } = await start([...words, '--mirror', mirror.url], { cwd }).ended;
  expect(stderr).toContain(`downloaded iptables-1.8.13-r0.apk from ${mirror.url}`);
  expect(code).toBe(0);
  expect(read().packages.find(({ name }) => name === 'iptables')?.size).toBe(
    size + (files[IPTABLES] as Buffer).length,
  );
});

it('nothing is written when it is interrupted, and what was fetched is kept', async () => {
  const { cwd, words, path } = sandbox();
  const mirror = await mirrorOf(await mirrorFiles());
  mirror.script({ kind: 'serve' }, { kind: 'serve' }, { kind: 'hold', after: 200 });
  const running = start([...words, '--mirror', mirror.url], { cwd });
  await mirror.seen(3);
  running.process.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('the lock was not changed');
  expect(existsSync(path)).toBe(false);
  expect(wholeIn(cwd).filter((file) => file.startsWith('apk/sha1/'))).toHaveLength(1);
});

it('signed by nobody', async () => {
  const { lockFrom } = sandbox();
  const files = await mirrorFiles();
  // The index alone, as `apk index` writes it before abuild-sign.
  const whole = files[INDEX] as Buffer;
  const body = whole.subarray(whole.indexOf(Buffer.from([0x1f, 0x8b]), 2));
  files[INDEX] = Buffer.concat([body, body]);
  expect((await lockFrom(await mirrorOf(files))).stderr).toMatch(/it is not signed|unpacks to more/);
  files[INDEX] = await signed(body);
  expect((await lockFrom(await mirrorOf(files))).code).toBe(0);
});
