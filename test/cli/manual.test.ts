import { execFile } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { EXIT_CODES } from '../../generators/errors.ts';
import { parseSecrets } from '../../generators/profile/secrets.ts';
import { displays, partsAt, section, unescaped } from '../fixtures/mdoc.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { runInside } from './command.ts';
import { folderWith } from './projects.ts';

const readManual = (name: string) =>
  readFileSync(new URL(`../../overlays/host/man/${name}`, import.meta.url), 'utf8');

const page = readManual('airhive.1');
const description = section(page, 'DESCRIPTION');

/** An option as help writes it: `--out <dir>`, `-h, --help`. */
interface Option {
  readonly flags: string;
  readonly text: string;
}

interface Verb {
  readonly options: readonly Option[];
  readonly takesWords: boolean;
}

/** What the command line says of a verb; of itself without one. */
async function helpOf(verb: string[]): Promise<Verb & { verbs: string[] }> {
  const { stdout } = await runInside([...verb, '--help']);
  const part = (title: string) => new RegExp(`^${title}:\n((?: .*\n)+)`, 'm').exec(stdout)?.[1] ?? '';
  const entries = (text: string) => text.split(/^ {2}(?=\S)/m).slice(1);
  return {
    verbs: entries(part('Commands')).map((entry) => /^[a-z]+/.exec(entry)![0]),
    options: entries(part('Options')).map((entry) => {
      const [flags = '', ...rest] = entry.split(/ {2,}/);
      return { flags: flags.trim(), text: rest.join(' ').replace(/\s+/g, ' ') };
    }),
    takesWords: /^Usage: .*\[options\] [<[](?!command)/.test(stdout),
  };
}

/** `Fl -profile Ar name | file` as help writes it. */
function flagsOf(words: string): string {
  return unescaped(words)
    .replaceAll('Fl ', '-')
    .replaceAll(' , ', ', -')
    .replace(/ Ar (.*)$/, (_, value: string) => ` <${value.replaceAll(' ', '')}>`);
}

const COMMON = 'Options of every command';
const ALONE = 'Options without a command';

/** The options of a part of DESCRIPTION, with the words below each. */
function documented(title: string): Option[] {
  const part = partsAt(description, 'Ss').find(({ head }) => head === title);
  if (!part) throw new Error(`the page says nothing about ${title}`);
  return partsAt(part.lines, 'It').map(({ head, lines }) => ({
    flags: flagsOf(head),
    text: lines.join(' '),
  }));
}

const flags = (options: readonly Option[]) => options.map((option) => option.flags).toSorted();

let known: Promise<{ alone: Verb; verbs: ReadonlyMap<string, Verb> }> | undefined;

/** All verbs but `help`, and what can be said without one. */
function commandLine() {
  known ??= (async () => {
    const { verbs, ...alone } = await helpOf([]);
    const others = verbs.filter((verb) => verb !== 'help');
    const entries = others.map(async (verb) => [verb, await helpOf([verb])] as const);
    return { alone, verbs: new Map(await Promise.all(entries)) };
  })();
  return known;
}

describe('airhive(1) and the command line', () => {
  it('have the same verbs', async () => {
    const { verbs } = await commandLine();
    const parts = partsAt(description, 'Ss').map(({ head }) => head);
    expect(verbs.size).toBeGreaterThan(4);
    expect(parts.toSorted()).toEqual([...verbs.keys(), 'help', COMMON, ALONE].toSorted());
  });

  it('have the same options, behind each verb and without one', async () => {
    const { alone, verbs } = await commandLine();
    const common = documented(COMMON);
    expect(flags(documented(ALONE))).toEqual(flags(alone.options));
    for (const [verb, { options }] of verbs)
      expect([verb, ...flags([...documented(verb), ...common])]).toEqual([verb, ...flags(options)]);
  });

  it('have the same defaults and choices', async () => {
    const { verbs } = await commandLine();
    for (const [verb, { options }] of verbs) {
      for (const { flags: wanted, text } of options) {
        const said = [...documented(verb), ...documented(COMMON)].find(
          (option) => option.flags === wanted,
        )!.text;
        for (const [, value = ''] of text.matchAll(/"([a-z]+)"/g))
          expect(said).toMatch(new RegExp(`\\b${value}\\b`));
        const fallback = /default: "([a-z]+)"/.exec(text)?.[1];
        if (fallback !== undefined) expect(said).toMatch(new RegExp(`Default: \\.\\w\\w ${fallback} \\.`));
      }
    }
  });

  it('have the same synopsis', async () => {
    const { verbs } = await commandLine();
    const lines = section(page, 'SYNOPSIS')
      .join('\n')
      .split(/^\.Nm$/m)
      .slice(1);
    const usages = lines.map((text) => ({
      verb: /^\.Cm (\w+)$/m.exec(text)?.[1],
      options: [...text.matchAll(/^\.(?:Op )?(Fl .*)$/gm)].map(([, words = '']) => flagsOf(words)).toSorted(),
      takesWords: /^\.(Op )?Ar /m.test(text),
    }));
    const common = flags(documented(COMMON));
    const expected = [...verbs].map(([verb, { options, takesWords }]) => ({
      verb,
      options: flags(options).filter((option) => !common.includes(option)),
      takesWords,
    }));
    expect(usages.slice(0, -2)).toEqual(expected);
    expect(usages.slice(-2)).toEqual([
      { verb: 'help', options: [], takesWords: true },
      { verb: undefined, options: ['-V | h'], takesWords: false },
    ]);
  });

  it('name no other option anywhere', async () => {
    const { alone, verbs } = await commandLine();
    const written = new Set(
      [...verbs.values(), alone].flatMap(({ options }) => options.map((option) => option.flags)),
    );
    const names = new Set([...written].flatMap((option) => option.match(/--[a-z-]+/g) ?? []));
    const mentioned = [...page.matchAll(/\bFl -([a-z-]+)|(?<= )(--[a-z-]+)/g)].map(
      ([, name, typed]) => typed ?? `--${name}`,
    );
    expect(mentioned.length).toBeGreaterThan(30);
    for (const name of mentioned) expect(names).toContain(name);
  });

  it('have the same exit codes', () => {
    const codes = partsAt(section(page, 'EXIT STATUS'), 'It').map(({ head }) => Number(head));
    expect(codes).toEqual([0, ...Object.values(EXIT_CODES)].toSorted((a, b) => a - b));
  });

  it('have the same environment', async () => {
    const asked = new Set<string>();
    const env = new Proxy<Record<string, string>>({}, { get: (_, name) => void asked.add(String(name)) });
    const terminal = { isTerminal: true, write: () => undefined };
    const offline = ['--offline', '--profile', 'intel8260'];
    expect((await runInside(['build', ...offline], { env, stderr: terminal })).code).toBe(0);
    const documentedNames = partsAt(section(page, 'ENVIRONMENT'), 'It').map(({ head }) =>
      head.replace('Ev ', ''),
    );
    expect(documentedNames.toSorted()).toEqual([...asked].toSorted());
  });

  it('have the same keys in the file of --secrets', () => {
    const keysIn = (text: string) => {
      const { diagnostics } = parseSecrets({ file: 'secrets.yaml', text });
      const said = diagnostics.map(({ message }) => message).join('\n');
      return /known here: (.*)$/m.exec(said)![1]!.split(', ');
    };
    const keys = partsAt(section(page, 'SECRETS'), 'It').map(({ head }) => head.replace('Cm ', ''));
    expect(keys.toSorted()).toEqual([...keysIn('x: 1'), ...keysIn('networks: [{x: 1}]')].toSorted());
  });
});

/** The program with nothing of the user's, and never with a network. */
const PRELUDE = `set -eu
airhive() {
  if [ "$1" = build ]; then shift; set -- build --offline "$@"; fi
  "$NODE" "$PROGRAM" "$@"
}
# What FreeBSD's own commands print.
uname() { echo 14.3-RELEASE-p2; }
pciconf() { echo "iwm0@pci0:4:0:0:	class=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x0130"; }
ifconfig() { printf 'em0: flags=8843<UP> metric 0 mtu 1500\\n\\tinet 192.168.1.7 netmask 0xffffff00\\n'; }
netstat() { echo "default            192.168.1.1        UGS         em0"; }
`;

const SECRETS = 'networks: [{ssid: Home, passphrase: correct horse battery staple}]\n';

it('npm finds every manual page that package.json names, without a build', () => {
  const root = new URL('../../', import.meta.url);
  const { man } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { man: string[] };
  expect(man.map((path) => path.split('/').at(-1))).toEqual(['airhive.1', 'airhive-profile.5']);
  for (const path of man) expect(readFileSync(new URL(path, root), 'utf8')).toMatch(/^\.Dd /);
});

describe('the examples', () => {
  const examples = displays(section(page, 'EXAMPLES'));

  it('of the page do what they are for, one after the other', async () => {
    const [mine = ''] = displays(section(readManual('airhive-profile.5'), 'EXAMPLES'));
    const cwd = folderWith({ 'mine.yaml': mine, 'secrets.yaml': SECRETS });
    chmodSync(join(cwd, 'secrets.yaml'), 0o600);
    const env = {
      PATH: process.env.PATH,
      HOME: temporaryFolder(),
      NODE: process.execPath,
      PROGRAM: join(inject('airhive'), 'bin/airhive.cjs'),
    };
    const outputs: string[] = [];
    for (const example of examples) {
      const { stdout } = await promisify(execFile)('sh', ['-c', PRELUDE + example], { cwd, env });
      outputs.push(stdout);
    }
    expect(outputs).toEqual([
      expect.stringMatching(/^4\/0\/0 {2}8086:24f3 [^]*\n8086:24f3 {2}Intel Wireless-AC 8260\n/),
      'dist/intel8260/\ndist/intel8260.tar\ndist/intel8260.pkg\n',
      'laptop.yaml\n',
      'mine.yaml: ok\ndist/mine/\ndist/mine.tar\ndist/mine.pkg\ndist/mine.site.img\n',
      expect.stringMatching(/^dist\/intel8260: ok, .*\ndist\/intel8260\.tar: ok, .*\n$/),
      expect.stringMatching(
        /: made again by airhive .*, the same bytes.*\ndist\/intel8260 and a build of intel8260: the same/,
      ),
      '2026/intel8260/\n2026/intel8260.tar\n2026/intel8260.pkg\n',
      expect.stringMatching(/^RELEASE .*\n3\.24\.1 /),
      expect.stringContaining('"ok": true'),
    ]);
    const manifest = readFileSync(join(cwd, '2026/intel8260/manifest.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ epoch: Date.UTC(2026, 0, 1) / 1000 });
  });
});
