import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { AWKS, runAwk } from './awks.ts';
import { pathOf } from './machine.ts';

/*
 * Random blocks of wpa_supplicant.conf(5), read by the real wpa_supplicant and by vm_site import. AIRHIVE_FUZZ_BLOCKS is how
 * many, AIRHIVE_FUZZ_SEED repeats a run.
 */
const BLOCKS = Number(process.env.AIRHIVE_FUZZ_BLOCKS ?? 600);
const SEED = Number(process.env.AIRHIVE_FUZZ_SEED ?? Date.now() % 0x7fffffff);
/** Each batch is a few starts of wpa_supplicant. */
const BATCH = 300;

class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 0x1_0000_0000) * limit);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
  times<T>(most: number, one: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, one);
  }
}

const PIECES = [
  '"',
  '#',
  '\\',
  ' ',
  '\t',
  '\\x4',
  '\\x',
  '\\303',
  '\\1',
  'P',
  '{',
  '}',
  '=',
  'é',
  '\xff',
  '\x01',
  '\x7f',
  'abcdefgh',
];
const text = (chance: Chance, most: number): string =>
  chance
    .times(most, () => (chance.below(3) === 0 ? chance.of(PIECES) : chance.of('abcdefgh0123 -_'.split(''))))
    .join('');
const quoted = (chance: Chance, most: number): string =>
  `${chance.of(['"', '"', '"', 'P"'])}${text(chance, most)}"`;
const hex = (chance: Chance, most: number): string =>
  chance.times(most, () => chance.of('0123456789abcdefABCDEF'.split(''))).join('');
const value = (chance: Chance, most: number): string =>
  chance.of([quoted, quoted, quoted, quoted, hex, text])(chance, most);
const number = (chance: Chance): string =>
  chance.of([
    '0',
    '1',
    '1',
    '2',
    '3',
    '7',
    '-1',
    '+4',
    '010',
    '08',
    '0x1F',
    ' 1',
    '1 ',
    '',
    'x',
    '70000',
    '1x',
  ]);
const address = (chance: Chance): string =>
  chance.of([
    '02:00:00:00:00:01',
    '02:00:00:00:00:Ab',
    'any',
    '""',
    '',
    '02:0',
    '02:00:00:00:00:01/ff:ff:ff:00:00:00',
    '02:00:00:00:00:01 02:00:00:00:00:02',
  ]);
const words = (list: string) => (chance: Chance) =>
  chance.times(4, () => chance.of(list.split(' '))).join(chance.of([' ', ' ', '\t', '  ']));

const NUMBERS =
  'scan_ssid priority disabled ieee80211w proactive_key_caching eap_workaround eapol_flags ocsp fragment_size ' +
  'wpa_ptk_rekey owe_group owe_only mac_addr disable_ht disable_vht mode';
const TEXTS =
  'sae_password sae_password_id id_str bgscan identity anonymous_identity password phase1 phase2 subject_match ' +
  'domain_match domain_suffix_match altsubject_match openssl_ciphers private_key_passwd';
/** What the real one knows and the guest may not. */
const UNKNOWN = [
  'wpa_deny_ptk0_rekey=1',
  'engine=0',
  'mixed_cell=1',
  'beacon_int=100',
  'peerkey=1',
  'frequency=2412',
  'ft_eap_pmksa_caching=1',
];

function setting(chance: Chance): string {
  switch (chance.below(9)) {
    case 0:
    case 1:
      return `${chance.of(NUMBERS.split(' '))}=${number(chance)}`;
    case 2:
    case 3:
      return `${chance.of(TEXTS.split(' '))}=${value(chance, 20)}`;
    case 4:
      return `${chance.of(['bssid', 'bssid_hint', 'bssid_blacklist', 'bssid_accept'])}=${address(chance)}`;
    case 5:
      return `${chance.of(['scan_freq', 'freq_list'])}=${chance.of(['2412', '2412 5180', '2412 x 2437', 'x', ''])}`;
    case 6:
      return chance.of(UNKNOWN);
    case 7:
      return `psk=${chance.of([() => quoted(chance, 40), () => `"${text(chance, 40)}"`, () => 'aB'.repeat(32), () => hex(chance, 70)])()}`;
    default:
      return chance.of([
        () => `key_mgmt=${words('NONE WPA-PSK WPA-EAP SAE OWE FT-PSK WPA-PSK-SHA256')(chance)}`,
        () => `proto=${words('WPA RSN WPA2')(chance)}`,
        () => `pairwise=${words('CCMP TKIP GCMP-256 NONE')(chance)}`,
        () => `group=${words('CCMP TKIP WEP40 WEP104')(chance)}`,
        () => `auth_alg=${words('OPEN SHARED LEAP')(chance)}`,
        () => `eap=${words('PEAP TTLS TLS PWD MSCHAPV2')(chance)}`,
      ])();
  }
}

function oneBlock(chance: Chance): string {
  const end = () => chance.of(['', '', '', ' ', '\t # remark', '# "x', ' #"a" "b']);
  const lines = [`ssid=${value(chance, 24)}`, ...chance.times(5, () => setting(chance))];
  if (chance.below(4) === 0) lines.reverse();
  const body = lines.map((line) => `${chance.of(['', '\t', '  '])}${line}${end()}\n`).join('');
  return `network={\n${body}}\n`;
}

interface Reading {
  /** Whether the file as a whole was taken. */
  readonly isRead: boolean;
  /** What is said of each block. */
  readonly blocks: readonly string[];
}

function reading(blocks: readonly string[]): Reading {
  const conf = freshFile(Buffer.from(blocks.join(''), 'latin1'));
  let said = '';
  try {
    const args = ['-i', 'airhive-none', '-D', 'wired', '-c', conf, '-dd', '-K'];
    execFileSync(pathOf('wpa_supplicant'), args, { encoding: 'latin1', stdio: 'pipe', maxBuffer: 1 << 28 });
  } catch (error) {
    said = (error as { stdout: string }).stdout;
  }
  const parts = said.split(/^Line: \d+ - start of a new network block\n/m).slice(1);
  return {
    isRead: !said.includes('Failed to read or parse configuration'),
    // Behind the last block comes what is said of all of them.
    blocks: parts.map((part) => part.split(/^(?:Priority group|Failed to|Could not|wlan|airhive)/m)[0] ?? ''),
  };
}

/** Those that the real one reads. For one that it does not, it refuses all of a file, and names the line. */
function readable(blocks: readonly string[]): string[] {
  const { blocks: said } = reading(blocks);
  expect(said).toHaveLength(blocks.length);
  return blocks.filter((_, index) => !/^Line \d+: (?!removed CCMP)/m.test(said[index] ?? ''));
}

interface Imported {
  readonly blocks: string[];
  readonly notes: readonly { line: number; text: string }[];
}

function imported(awk: string, text: string): Imported {
  const notes = freshFile('');
  const words = ['-v', 'want=import', '-v', `notes=${notes}`];
  const out = runAwk(
    awk,
    ['ssid', 'shown', 'networks'],
    words,
    freshFile(Buffer.from(text, 'latin1')),
  ).toString('latin1');
  return {
    blocks: out === '' ? [] : out.split(/(?<=^\}\n)\n/m),
    notes: run('cat', [notes])
      .toString('latin1')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ line: Number(/^line (\d+)/.exec(line)?.[1]), text: line })),
  };
}

/** Why a block that the real one reads may be left out. */
const REASONS = /1 to 32 bytes|without a name|network of its own|knows nothing of what|duplicate of/;
/** Without what only says what is so anyway, and without the lists of which something was left out. */
const normal = (dump: string, lists: readonly string[]): string =>
  dump
    .split('\n')
    .filter((line) => !/^(mode=0 \(0x0\)$|ieee80211w=3 |BSSID (hint )?any$|Line \d+: )/.test(line))
    .filter((line) => !lists.some((key) => line.startsWith(`${key}: `) || line.startsWith(`${key} `)))
    .join('\n');

describe.skipIf(!hasTool('wpa_supplicant'))(
  `random blocks, AIRHIVE_FUZZ_SEED=${SEED} (needs wpasupplicant)`,
  () => {
    const chance = new Chance(SEED);
    let [read, taken] = [0, 0];

    it(`${BLOCKS}: what the real wpa_supplicant reads, import takes, and it comes to the same network`, () => {
      for (let done = 0; done < BLOCKS; done += BATCH) {
        const awk = AWKS[(done / BATCH) % AWKS.length] ?? 'mawk';
        const made = Array.from({ length: Math.min(BATCH, BLOCKS - done) }, () => oneBlock(chance));
        // Whatever goes in, the real one reads what comes out.
        const all = imported(awk, made.join(''));
        expect(readable(all.blocks)).toEqual(all.blocks);
        expect(reading(all.blocks).isRead).toBe(true);
        const good = readable(made);
        expect(reading(good).isRead, good.join('')).toBe(true);
        read += good.length;
        taken += compare(good, imported(awk, good.join('')));
      }
      expect(taken).toBeGreaterThan(BLOCKS / 10);
      process.stderr.write(`${BLOCKS} blocks, ${read} of them readable, ${taken} taken\n`);
    }, 7_200_000);

    /** How many were taken. Without the lines that were left out, which are named, the real one reads the same of both. */
    function compare(good: readonly string[], { blocks, notes }: Imported): number {
      let line = 1;
      const lists: string[][] = [];
      const kept = good.flatMap((block) => {
        const lines = block.split('\n');
        const own = notes.filter((note) => note.line >= line && note.line < line + lines.length - 1);
        const without = own
          .filter(({ text }) => /: without [a-zA-Z0-9_]+, /.test(text))
          .map((note) => note.line - line);
        line += lines.length - 1;
        if (!own.some(({ text }) => text.includes(': taken ('))) {
          expect(own.at(-1)?.text, block).toMatch(REASONS);
          return [];
        }
        lists.push(own.flatMap(({ text }) => /: without (\w+) [A-Z]/.exec(text)?.[1] ?? []));
        return [lines.filter((_, index) => !without.includes(index)).join('\n')];
      });
      expect(blocks).toHaveLength(kept.length);
      const [one, other] = [reading(kept), reading(blocks)];
      kept.forEach((block, index) => {
        const of = ({ blocks: said }: Reading) => normal(said[index] ?? '', lists[index] ?? []);
        expect(of(other), `${block}${blocks[index] ?? ''}`).toBe(of(one));
      });
      return kept.length;
    }
  },
);
