import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import * as openpgp from 'openpgp';
import { parse, stringify } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../inputs/clock.ts';
import { MADE, newKey, type TestKey } from '../fixtures/openpgp-keys.ts';
import { filesBelow, mirrorOf, temporaryFolder } from '../inputs/sandbox.ts';
import { deadMirrorUrl, generatedBytes, type Mirror, type MirrorFile } from '../mirror/mirror.ts';
import { runInside, start, unwrapped } from './command.ts';

const PINS = readFileSync(new URL('../fixtures/profiles/releases.yaml', import.meta.url), 'utf8');
const ISO = generatedBytes(200_000);
const FILE = 'alpine-standard-3.24.2-x86_64.iso';
const DIRECTORY = 'v3.24/releases/x86_64';
const at = (name: string) => `${DIRECTORY}/${name}`;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let signer: TestKey;
let other: TestKey;
let expired: TestKey;
let signature: string;
beforeAll(async () => {
  [signer, other, expired] = await Promise.all([newKey(), newKey(), newKey({ seconds: 30 * 86_400 })]);
  signature = await signer.sign(ISO);
});

/** As mkimage-yaml.sh of Alpine writes it, with a title and a description from its mkimage. */
function latest(changes: Readonly<Record<string, string>> = {}): string {
  const entry = (flavor: string, more: Readonly<Record<string, string>>) => {
    const file = `alpine-${flavor}-3.24.2-x86_64.iso`;
    const fields = {
      ...{ title: `"${flavor}"`, desc: '"Alpine as it was intended.\n    Just enough to get you started."' },
      ...{ branch: 'v3.24', arch: 'x86_64', version: '3.24.2', flavor: `alpine-${flavor}` },
      ...{ file, iso: file, date: '2026-09-17', time: '13:12:11', size: String(ISO.length) },
      ...{ sha256: sha256(ISO), sha512: 'a'.repeat(128), ...more },
    };
    return `-\n${Object.entries(fields)
      .map(([key, value]) => `  ${key}: ${value}\n`)
      .join('')}`;
  };
  return `---\n${entry('virt', { sha256: 'b'.repeat(64) })}${entry('standard', changes)}`;
}

function mirrorFiles(changes: Readonly<Record<string, string>> = {}): Record<string, MirrorFile> {
  return {
    [at('latest-releases.yaml')]: Buffer.from(latest(changes)),
    [at(`${FILE}.sha256`)]: Buffer.from(`${sha256(ISO)}  ${FILE}\n`),
    [at(`${FILE}.asc`)]: Buffer.from(signature),
    [at(FILE)]: ISO,
  };
}

/** The same of a later release. */
function mirrorFilesOf(release: string): Record<string, MirrorFile> {
  const renamed = (text: string) => text.replaceAll('3.24.2', release);
  return Object.fromEntries(
    Object.entries(mirrorFiles()).map(([path, file]) => [
      renamed(path),
      file === ISO || path.endsWith('.asc') ? file : Buffer.from(renamed((file as Buffer).toString())),
    ]),
  );
}

/** A folder with the pins and the key that is believed, and `releases add` in it. */
function sandbox(pins = PINS, key = signer.publicKey) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'pins.yaml'), pins);
  writeFileSync(join(cwd, 'key.asc'), key);
  const read = () => readFileSync(join(cwd, 'pins.yaml'), 'utf8');
  const words = ['--releases', 'pins.yaml', '--key', 'key.asc', '--cache', 'cache'];
  const add = (mirror: Mirror | string, ...more: string[]) =>
    runInside(
      [
        ...['releases', 'add', '3.24.2', ...words],
        ...['--mirror', typeof mirror === 'string' ? mirror : mirror.url, ...more],
      ],
      { cwd, clock: new FakeClock(), now: () => MADE + 300 * 86_400 },
    );
  return { cwd, read, words, add };
}

/** The lines of `after` that are not in `before`, which must have all its lines at their places otherwise. */
function insertedLines(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const differs = old.findIndex((line, index) => line !== now[index]);
  const start = differs < 0 ? old.length : differs;
  const count = now.length - old.length;
  expect([...now.slice(0, start), ...now.slice(start + count)]).toEqual(old);
  return now.slice(start, start + count);
}

describe('add', () => {
  it('writes one entry of what was checked, and what is assumed; every other byte stays', async () => {
    const { cwd, add, read } = sandbox();
    const mirror = await mirrorOf(mirrorFiles());
    const { code, stdout, stderr } = await add(mirror);
    expect(stderr).toContain(
      `is signed by Tester <tester@example.org>, ${signer.fingerprint}, on 2026-01-02`,
    );
    expect(stderr).toContain(
      'so they are assumed to be as in 3.24.1: kernel lts; floor 256M; the day on which its fixes end is not known; ' +
        'lacks dnsmasq, iptables',
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'pins.yaml: 3.24.2 standard x86_64 added\n',
    });
    expect(insertedLines(PINS, read())).toEqual([
      `# Added on 2026-10-28: its ISO is signed by ${signer.fingerprint}, on 2026-01-02.`,
      '# Assumed from 3.24.1: kernel, floor, lacks.',
      '- release: 3.24.2',
      '  flavor: standard',
      '  arch: x86_64',
      '  kernel: lts',
      `  file: ${FILE}`,
      `  sha256: ${sha256(ISO)}`,
      `  size: ${ISO.length}`,
      '  witnesses: 1',
      '  date: 2026-09-17',
      '  floor: 256M',
      '  lacks: [dnsmasq, iptables]',
      '',
    ]);
    expect(mirror.requests.map(({ path }) => path)).toEqual([
      at('latest-releases.yaml'),
      at(`${FILE}.sha256`),
      at(`${FILE}.asc`),
      at(FILE),
    ]);
    expect(filesBelow(join(cwd, 'cache'))).toEqual([`iso/sha256/${sha256(ISO)}.iso`]);
    const listed = await runInside(['releases', '--releases', 'pins.yaml'], { cwd });
    expect(listed.stdout).toContain(`3.24.2   standard  2026-09-17`);
  });

  it('is what the README says', async () => {
    const { cwd, read, words } = sandbox();
    const { url } = await mirrorOf(mirrorFilesOf('3.24.3'));
    const [, typed = ''] = 'npm run airhive -- releases add 3.24.3'.split(' -- ');
    const now = () => MADE + 300 * 86_400;
    const { code } = await runInside([...typed.split(' '), ...words, '--mirror', url], { cwd, now });
    expect(code).toBe(0);
    expect(read()).toContain('- release: 3.24.3\n');
  });

  it('takes the end of fixes from the branch, the ISO from --iso, and says it all in JSON', async () => {
    const pins = PINS.replace(/(date: 2026-06-13\n)/, '$1  eol: 2028-06-01\n');
    const { cwd, add, read } = sandbox(pins);
    writeFileSync(join(cwd, 'my.iso'), ISO);
    const mirror = await mirrorOf({ ...mirrorFiles(), [at(FILE)]: Buffer.from('nobody asks for it') });
    const { code, stdout } = await add(mirror, '--iso', 'my.iso', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ...{ format: 1, ok: true, file: 'pins.yaml', release: '3.24.2', flavor: 'standard', arch: 'x86_64' },
      ...{ sha256: sha256(ISO), size: ISO.length, date: '2026-09-17', signed_by: signer.fingerprint },
      added: true,
      assumed: {
        from: '3.24.1',
        kernel: 'lts',
        floor: 256,
        lacks: ['dnsmasq', 'iptables'],
        eol: '2028-06-01',
      },
    });
    expect(insertedLines(pins, read())).toContain('  eol: 2028-06-01');
    expect(mirror.requests).toHaveLength(3);
  });

  it('checks one that is pinned already, and writes nothing', async () => {
    const { add, read } = sandbox();
    const mirror = await mirrorOf(mirrorFiles());
    await add(mirror);
    const text = read();
    const again = await add(mirror);
    expect(again).toMatchObject({
      code: 0,
      stdout: 'pins.yaml: 3.24.2 standard x86_64 is pinned already, and right\n',
    });
    expect(read()).toBe(text);
    const changed = sandbox(text.replace(sha256(ISO), 'c'.repeat(64)));
    const ended = await changed.add(mirror);
    expect(ended.code).toBe(6);
    expect(ended.stderr).toContain(`SHA-256: pinned is ${'c'.repeat(64)}, the mirror has ${sha256(ISO)}`);
  });

  it('keeps comments, order and line ends, wherever the entry goes', async () => {
    const [older = '', newer = ''] = ['3.23.6', '3.25.0'].map((release) =>
      stringify([
        { ...(parse(PINS) as object[])[0], release, file: `alpine-standard-${release}-x86_64.iso` },
      ]),
    );
    const files = [
      `# head\n\n${newer}# about the older\n# one\n${older}`,
      `# head\n${newer}`,
      `${older}\n\n\n`,
      `${newer}\n# about the older\n${older}# the end\n`.replaceAll('\n', '\r\n'),
    ];
    const mirror = await mirrorOf(mirrorFiles());
    for (const [index, text] of files.entries()) {
      const { add, read } = sandbox(text);
      expect([index, await add(mirror)]).toMatchObject([index, { code: 0 }]);
      const after = read();
      const releases = (parse(after) as { release: string }[]).map(({ release }) => release);
      expect([index, releases]).toEqual([index, releases.toSorted().reverse()]);
      expect(releases).toHaveLength((parse(text) as unknown[]).length + 1);
      const lines = insertedLines(text.trimEnd(), after.trimEnd());
      expect(lines.filter((line) => line.trim() !== '')).toHaveLength(13);
      expect(lines.every((line) => line.endsWith('\r') === text.includes('\r'))).toBe(true);
    }
  });

  it('a file that is one line is left alone, and the entry is shown', async () => {
    const pins = `${JSON.stringify(parse(PINS))}\n`;
    const { add, read } = sandbox(pins);
    const ended = await add(await mirrorOf(mirrorFiles()));
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('is not written as one entry below the other');
    expect(ended.stderr).toContain(`sha256: ${sha256(ISO)}`);
    expect(read()).toBe(pins);
  });
});

type Case = [
  what: string,
  change: (files: Record<string, MirrorFile>) => unknown,
  code: number,
  message: RegExp,
];

const text = (content: string) => Buffer.from(content);

const ENDS: Case[] = [
  [
    'no list of releases',
    (f) => Reflect.deleteProperty(f, at('latest-releases.yaml')),
    5,
    /error: v3\.24\/releases\/x86_64\/latest-releases\.yaml could not be downloaded:\n.*HTTP status 404/,
  ],
  [
    'a list that is a page',
    (f) => (f[at('latest-releases.yaml')] = text('<html>x</html>')),
    6,
    /latest-releases\.yaml is no list of releases/,
  ],
  [
    'a list in no encoding',
    (f) => (f[at('latest-releases.yaml')] = Buffer.from([0xff, 0xfe, 0x41])),
    6,
    /latest-releases\.yaml is no text/,
  ],
  [
    'a list of other things',
    (f) => (f[at('latest-releases.yaml')] = text('- 1\n- flavor: alpine-virt\n')),
    6,
    /has no release in the flavour standard for x86_64/,
  ],
  [
    'a mirror that is behind',
    (f) => (f[at('latest-releases.yaml')] = text(latest({ version: '3.24.1' }))),
    5,
    /has 3\.24\.1, not 3\.24\.2: this mirror is behind/,
  ],
  [
    'a newer release',
    (f) => (f[at('latest-releases.yaml')] = text(latest({ version: '3.24.10' }))),
    3,
    /has 3\.24\.10, not 3\.24\.2: only the newest release of a branch can be added\n {2}airhive releases add 3\.24\.10/,
  ],
  [
    'a list with another file',
    (f) => (f[at('latest-releases.yaml')] = text(latest({ iso: '../../x.iso' }))),
    6,
    /names another file for it: "\.\.\/\.\.\/x\.iso"/,
  ],
  [
    'a list without a size',
    (f) => (f[at('latest-releases.yaml')] = text(latest({ size: 'big' }))),
    6,
    /has no size or no date/,
  ],
  [
    'a list with a wrong sum',
    (f) => (f[at('latest-releases.yaml')] = text(latest({ sha256: 'd'.repeat(64) }))),
    6,
    /the mirror contradicts itself: the SHA-256 of alpine-standard-3\.24\.2-x86_64\.iso is [0-9a-f]{64} in .*\.sha256, and d{64} in latest-releases\.yaml/,
  ],
  [
    'no sum',
    (f) => Reflect.deleteProperty(f, at(`${FILE}.sha256`)),
    5,
    /iso\.sha256 could not be downloaded/,
  ],
  [
    'the sum of another file',
    (f) => (f[at(`${FILE}.sha256`)] = text(`${sha256(ISO)}  other.iso\n`)),
    6,
    /iso\.sha256 is not the SHA-256 of alpine-standard-3\.24\.2-x86_64\.iso/,
  ],
  [
    'no signature',
    (f) => Reflect.deleteProperty(f, at(`${FILE}.asc`)),
    5,
    /iso\.asc could not be downloaded/,
  ],
  [
    'a signature that is none',
    (f) => (f[at(`${FILE}.asc`)] = text('hello')),
    6,
    /iso\.asc is not one armored PGP signature/,
  ],
  [
    'a signature by another key',
    async (f) => (f[at(`${FILE}.asc`)] = text(await other.sign(ISO))),
    6,
    /iso\.asc is by the key [0-9A-F]{40}, and only [0-9A-F]{40} of Tester <tester@example\.org> is believed/,
  ],
  [
    'a signature over something else',
    async (f) => (f[at(`${FILE}.asc`)] = text(await signer.sign(text('x')))),
    6,
    /alpine-standard-3\.24\.2-x86_64\.iso is not what [0-9A-F]{40} of Tester <tester@example\.org> has signed/,
  ],
  [
    'a signature from the future',
    async (f) => (f[at(`${FILE}.asc`)] = text(await signer.sign(ISO, MADE + 400 * 86_400))),
    6,
    /was made on 2027-02-05, which is in the future; is the clock of this machine right\?/,
  ],
  [
    'no ISO',
    (f) => Reflect.deleteProperty(f, at(FILE)),
    5,
    /the signature is over the ISO, and that could not be had: .*\n.*HTTP status 404/,
  ],
  [
    'another ISO of that size',
    (f) => (f[at(FILE)] = generatedBytes(ISO.length, 2)),
    6,
    /sent a wrong file: its SHA-256 is [0-9a-f]{64}, the pin of .* says [0-9a-f]{64}/,
  ],
  [
    'an ISO of another size',
    (f) => (f[at(FILE)] = ISO.subarray(1)),
    5,
    /its file has 199999 bytes, it should have 200000/,
  ],
];

describe('each has an error of its own, and the pins stay as they are', () => {
  it.each(ENDS)('%s', async (_what, change, code, message) => {
    const { add, read } = sandbox();
    const files = mirrorFiles();
    await change(files);
    const ended = await add(await mirrorOf(files));
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
    expect(read()).toBe(PINS);
  });

  it('all of it forged, but for the key', async () => {
    const { add, read } = sandbox();
    const forged = generatedBytes(ISO.length, 3);
    const files = mirrorFiles({ sha256: sha256(forged) });
    files[at(`${FILE}.sha256`)] = text(`${sha256(forged)}  ${FILE}\n`);
    files[at(FILE)] = forged;
    const ended = await add(await mirrorOf(files));
    expect(ended.stderr).toMatch(/is not what [0-9A-F]{40} of .* has signed/);
    expect(ended.code).toBe(6);
    expect(read()).toBe(PINS);
  });

  it('no network', async () => {
    const { add, read } = sandbox();
    const ended = await add(await deadMirrorUrl());
    expect(ended.stderr).toContain('could not be downloaded:');
    expect(ended.stderr).toContain('connection refused');
    expect(ended.code).toBe(5);
    expect(read()).toBe(PINS);
  });

  it('a key that has expired, or was revoked, before anything is asked for', async () => {
    const mirror = await mirrorOf(mirrorFiles());
    const old = sandbox(PINS, expired.publicKey);
    const ended = await old.add(mirror);
    expect(ended.stderr).toContain(
      `error: the key ${expired.fingerprint} of Tester <tester@example.org> (key.asc) expired on 2026-01-31`,
    );
    expect(ended.code).toBe(6);
    const { publicKey } = await openpgp.revokeKey({ key: other.secret, format: 'armored' });
    const gone = await sandbox(PINS, publicKey).add(mirror);
    expect(gone.stderr).toMatch(/error: the key [0-9A-F]{40} of .* \(key\.asc\) was revoked by its owner/);
    expect(gone.code).toBe(6);
    expect(mirror.requests).toEqual([]);
  });

  it.each([
    ['--key', 'gone.asc', 7, /cannot read gone\.asc: no such file/],
    ['--key', 'pins.yaml', 2, /pins\.yaml is not one armored PGP public key block/],
    ['--releases', 'gone.yaml', 7, /cannot read gone\.yaml: no such file/],
    ['--releases', 'key.asc', 2, /key\.asc: [0-9]+ problems?/],
    ['--flavor', 'virt', 3, /the virt flavour cannot drive a Wi-Fi card/],
    ['--flavor', 'netboot', 2, /flavor has to be one of standard, extended; got "netboot"/],
    ['--arch', 'aarch64', 3, /bhyve passes PCI cards through on x86_64 only/],
    ['--mirror', 'ftp://x', 2, /a mirror has to be/],
    ['--iso', 'key.asc', 6, /key\.asc is not alpine-standard-3\.24\.2-x86_64\.iso: its SHA-256 is/],
  ])('%s %s', async (option, value, code, message) => {
    const { add, read } = sandbox();
    const ended = await add(await mirrorOf(mirrorFiles()), option, value);
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(read()).toBe(PINS);
  });

  it.each([
    [['add'], 'airhive releases "add" is no command'],
    [['rm', '3.24.2'], 'airhive releases "rm" "3.24.2" is no command'],
    [['add', '3.24'], 'release has to be an Alpine release with three numbers'],
    [['--flavor', 'standard'], '--flavor goes with airhive releases add'],
  ])('%j', async (words, message) => {
    const { code, stderr } = await runInside(['releases', ...words]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it.skipIf(getuid?.() === 0)(
    'a directory that cannot be written, before the ISO is fetched (not as root)',
    async () => {
      const { cwd, add } = sandbox();
      const mirror = await mirrorOf(mirrorFiles());
      chmodSync(cwd, 0o500);
      const ended = await add(mirror);
      chmodSync(cwd, 0o700);
      expect(ended.code).toBe(7);
      expect(mirror.requests).toEqual([]);
    },
  );

  it('a key of airhive that is damaged is no fault of the user', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'profiles/keys'), { recursive: true });
    writeFileSync(join(root, 'profiles/keys/ncopa.asc'), 'x');
    const { cwd } = sandbox();
    const words = ['releases', 'add', '3.24.2', '--releases', 'pins.yaml'];
    const ended = await runInside(words, { cwd, root });
    expect(ended.stderr).toContain('a part of airhive is damaged: ');
    expect(ended.code).toBe(4);
  });
});

it('is interrupted without a change, and goes on from what was downloaded (the compiled program)', async () => {
  const { cwd, read, words } = sandbox();
  const mirror = await mirrorOf(mirrorFiles());
  const serve = { kind: 'serve' } as const;
  mirror.script(serve, serve, serve, { kind: 'hold', after: 100_000 });
  const run = () => start(['releases', 'add', '3.24.2', ...words, '--mirror', mirror.url], { cwd });
  const running = run();
  await mirror.seen(4);
  running.process.kill('SIGINT');
  const first = await running.ended;
  expect(first.code).toBe(130);
  expect(first.stderr).toContain('interrupted; nothing was written');
  expect(read()).toBe(PINS);
  mirror.script(serve);
  const second = await run().ended;
  expect([second.code, second.stderr]).toMatchObject([0, expect.any(String)]);
  expect(read()).toContain(`  sha256: ${sha256(ISO)}\n`);
});

describe('the list', () => {
  it('has age, end and witnesses of every pin', async () => {
    const { code, stdout, stderr } = await runInside(['releases']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'RELEASE FLAVOR DATE DAYS FIXES UNTIL WITNESSES SHA-256',
      expect.stringMatching(/^3\.24\.1 standard 2026-06-13 18 not known \d+ [0-9a-f]{12}$/),
      expect.stringMatching(/^3\.24\.1 extended 2026-06-13 18 not known \d+ [0-9a-f]{12}$/),
      expect.stringMatching(/^3\.13\.0 standard 2021-01-14 1994 2022-11-01 ended \d+ [0-9a-f]{12}$/),
      '',
    ]);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const { stdout: json } = await runInside(['releases', '--json']);
    expect((JSON.parse(json) as { releases: object[] }).releases[2]).toMatchObject({
      ...{ release: '3.13.0', date: '2021-01-14', age_days: 1994, eol: '2022-11-01', ended: true },
    });
  });

  it('the day of the end is the first without fixes', async () => {
    const ended = async (now: number) => {
      const { stdout } = await runInside(['releases', '--json'], { now: () => now });
      return (JSON.parse(stdout) as { releases: { ended: boolean }[] }).releases[2]!.ended;
    };
    const end = Date.UTC(2022, 10, 1) / 1000;
    expect([await ended(end - 1), await ended(end)]).toEqual([false, true]);
  });
});

describe('a build', () => {
  const build = (now: number, ...more: string[]) => {
    const cwd = temporaryFolder();
    const words = ['build', '--offline', '--cache', 'cache', ...more];
    return { cwd, ended: runInside(words, { cwd, now: () => now }) };
  };
  const day = (days: number) => Date.UTC(2026, 5, 13) / 1000 + days * 86_400;
  const OLD =
    'warning: Alpine 3.24.1 is 91 days old (2026-06-13), and so is the kernel that faces the Wi-Fi: ';

  it('says in one line that its release is more than 90 days old, with the same bytes and result', async () => {
    const fresh = build(day(90), '--profile', 'intel8260');
    const old = build(day(91), '--profile', 'intel8260');
    const [young, aged] = [await fresh.ended, await old.ended];
    expect(unwrapped(young.stderr)).not.toContain('days old');
    const known = unwrapped(young.stderr).split('\n');
    const added = unwrapped(aged.stderr)
      .split('\n')
      .filter((line) => !known.includes(line));
    expect(added.filter((line) => line.includes('days old'))).toEqual([expect.stringContaining(OLD)]);
    expect([aged.code, aged.stdout]).toEqual([young.code, young.stdout]);
    const tars = [fresh, old].map(({ cwd }) => sha256(readFileSync(join(cwd, 'dist/intel8260.tar'))));
    expect(tars[0]).toBe(tars[1]);
  });

  it('of several bundles says it once', async () => {
    const { stderr } = await build(day(91), '--all').ended;
    expect(unwrapped(stderr).split(OLD)).toHaveLength(2);
  });

  it('says past the end that there are no fixes, and not the age too', async () => {
    const { cwd } = build(day(0), '--profile', 'intel8260');
    const profile = readFileSync(new URL('../fixtures/profiles/intel8260.yaml', import.meta.url), 'utf8');
    writeFileSync(join(cwd, 'old.yaml'), profile.replace('3.24.1', '3.13.0'));
    const at = async (now: number) =>
      (await runInside(['validate', './old.yaml', '--json'], { cwd, now: () => now })).stdout;
    const words = ['build', '--offline', '--cache', 'cache', '--profile', './old.yaml'];
    const { stderr } = await runInside(words, { cwd });
    expect(unwrapped(stderr)).toContain('3.13.0 has had no security fixes since 2022-11-01');
    expect(unwrapped(stderr)).not.toContain('days old');
    expect(await at(Date.UTC(2022, 9, 31) / 1000)).not.toContain('no security fixes');
    expect(await at(Date.UTC(2022, 10, 1) / 1000)).toContain('no security fixes');
    expect(existsSync(join(cwd, 'dist/old.tar'))).toBe(true);
  });
});
