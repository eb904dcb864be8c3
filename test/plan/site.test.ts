import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFat } from '../fixtures/fat-reader.ts';
import { encodeSite } from '../../generators/plan/site.ts';
import type { SiteNetwork, SiteSecrets } from '../../generators/profile/secrets.ts';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const NOTHING: SiteSecrets = { networks: [], adminKeys: [], tunnelKeys: [], hostKey: '' };

/** The files of the image by name. */
function filesOf(secrets: Partial<SiteSecrets>): Record<string, string> {
  const { label, files } = readFat(encodeSite({ ...NOTHING, ...secrets }, 1_700_000_000));
  expect(label).toBe('AIRHIVESITE');
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('latin1')]));
}

const network = (values: Partial<SiteNetwork>): SiteNetwork => ({
  ssid: Buffer.from('home'),
  passphrase: 'correct-horse',
  hidden: false,
  priority: 0,
  trusted: false,
  public: false,
  legacy: false,
  mac: null,
  ...values,
});
const blockOf = (values: Partial<SiteNetwork>): string | undefined =>
  filesOf({ networks: [network(values)] })['networks.conf'];

const CIPHERS = 'CCMP GCMP CCMP-256 GCMP-256';
const STRICT = ['proto=RSN', `pairwise=${CIPHERS}`, `group=${CIPHERS}`];

describe('the files of the site image', () => {
  it('are 1 MiB, and hold what there is, line by line', () => {
    expect(encodeSite(NOTHING, 0).length).toBe(1024 * 1024);
    expect(filesOf({})).toEqual({});
    expect(filesOf({ adminKeys: ['a', 'b'], tunnelKeys: ['c'], hostKey: 'd\n' })).toEqual({
      admin_keys: 'a\nb\n',
      tunnel_keys: 'c\n',
      ssh_host_ed25519_key: 'd\n',
    });
  });

  it.each<[string, Partial<SiteNetwork>, string[]]>([
    [
      'a passphrase: WPA2 and WPA3',
      {},
      [
        'ssid="home"',
        'psk="correct-horse"',
        'key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE',
        'ieee80211w=1',
        ...STRICT,
      ],
    ],
    [
      'a passphrase, and old access points too',
      { legacy: true },
      ['ssid="home"', 'psk="correct-horse"', 'key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE', 'ieee80211w=1'],
    ],
    ['a mark', { passphrase: null, trusted: true }, ['ssid="home"', 'key_mgmt=NONE', 'id_str="trusted"']],
    [
      'both marks, and an address of its own',
      { passphrase: null, trusted: true, public: true, mac: 'per-network' },
      ['ssid="home"', 'key_mgmt=NONE', 'id_str="trusted public"', 'mac_addr=3'],
    ],
    [
      'a raw key',
      { passphrase: 'aB'.repeat(32) },
      ['ssid="home"', `psk=${'aB'.repeat(32)}`, 'key_mgmt=WPA-PSK', ...STRICT],
    ],
    ['none', { passphrase: null }, ['ssid="home"', 'key_mgmt=NONE']],
    [
      'hidden, and better than others',
      { passphrase: null, hidden: true, priority: 7 },
      ['ssid="home"', 'key_mgmt=NONE', 'scan_ssid=1', 'priority=7'],
    ],
    ['a name with a quote', { ssid: Buffer.from('a"b'), passphrase: null }, ['ssid=612262', 'key_mgmt=NONE']],
    [
      'a name of any bytes',
      { ssid: Buffer.from([0, 10, 255]), passphrase: null },
      ['ssid=000aff', 'key_mgmt=NONE'],
    ],
    [
      'a passphrase with a quote and a # behind it',
      { passphrase: 'a"b#cdef' },
      [
        'ssid="home"',
        'psk=db06eaf1c5150b92592b57eafb94c5987ce99000b50f3ee3b9a0f717ff7b853a',
        'sae_password=6122622363646566',
        'key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE',
        'ieee80211w=1',
        ...STRICT,
      ],
    ],
  ])('a network with %s', (_, values, settings) => {
    expect(blockOf(values)).toBe(`network={\n${settings.map((line) => `\t${line}\n`).join('')}}\n`);
  });
});

/** What wpa_supplicant understood, network by network: it reads the file before it looks for the interface. */
function readBySupplicant(
  conf: string,
): { ssid: string; psk?: string; sae?: string; idStr?: string; settings: string[] }[] {
  const file = freshFile(Buffer.from(conf, 'latin1'));
  const args = ['-i', 'airhive-none', '-D', 'wired', '-c', file, '-dd', '-K'];
  const said = supplicant(args);
  expect(said).not.toMatch(/failed to parse|Invalid|unknown/);
  return said
    .split('start of a new network block\n')
    .slice(1)
    .map((block) => {
      const psk = dumpAfter(block, 'PSK (ASCII passphrase)') ?? dumpAfter(block, 'PSK');
      const sae = dumpAfter(block, 'sae_password');
      const idStr = dumpAfter(block, 'id_str');
      return {
        ssid: dumpAfter(block, 'ssid') ?? '',
        ...(psk === undefined ? {} : { psk }),
        ...(sae === undefined ? {} : { sae }),
        ...(idStr === undefined ? {} : { idStr }),
        settings: (
          block.match(/^(scan_ssid|priority|key_mgmt|ieee80211w|mac_addr|proto|pairwise|group)[=:].*$/gm) ??
          []
        ).sort(),
      };
    });
}

function supplicant(args: readonly string[]): string {
  try {
    return execFileSync('wpa_supplicant', args, { encoding: 'latin1', stdio: 'pipe' });
  } catch (error) {
    // There is no such interface.
    return (error as { stdout: string }).stdout;
  }
}

/** The bytes of a hexdump, as hexadecimal digits. */
function dumpAfter(block: string, name: string): string | undefined {
  const lines = block.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${name} - hexdump`));
  if (start < 0) return undefined;
  const onLine = /hexdump\(len=\d+\):((?: [0-9a-f]{2})*)$/.exec(lines[start]!);
  if (onLine) return onLine[1]!.replaceAll(' ', '');
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith('     '));
  return rest
    .slice(0, end)
    .map((line) => line.slice(5, 52).replaceAll(' ', ''))
    .join('');
}

const TRICKY = ['"', '#', '\\', ' ', "'", '{', '}', '=', 'x', '"#', '\\"', '$', '`', '%'];
const trickyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...TRICKY),
      fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    ),
    {
      minLength: 8,
      maxLength: 63,
    },
  )
  .map((parts) => parts.join('').slice(0, 63));
const trickyName = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 32 }),
  fc
    .string({
      minLength: 1,
      maxLength: 32,
      unit: fc.constantFrom(...TRICKY.filter(({ length }) => length === 1)),
    })
    .map((text) => Buffer.from(text)),
);
const anyNetwork: fc.Arbitrary<SiteNetwork> = fc.record({
  ssid: trickyName,
  passphrase: fc.oneof(fc.constant(null), trickyText, trickyText, fc.stringMatching(/^[0-9a-fA-F]{64}$/)),
  hidden: fc.boolean(),
  priority: fc.integer({ min: 0, max: 1000 }),
  trusted: fc.boolean(),
  public: fc.boolean(),
  legacy: fc.boolean(),
  // 2.10 does not know the third one.
  mac: fc.constantFrom(null, 'permanent', 'random'),
});

const hex = (bytes: string | Uint8Array): string => Buffer.from(bytes as string).toString('hex');

describe('read by others', () => {
  it.skipIf(!hasTool('wpa_supplicant'))(
    'wpa_supplicant reads every name, passphrase and setting as it was meant (needs wpa_supplicant)',
    () => {
      fc.assert(
        fc.property(fc.array(anyNetwork, { minLength: 1, maxLength: 64 }), (networks) => {
          const read = readBySupplicant(filesOf({ networks })['networks.conf']!);
          expect(read).toHaveLength(networks.length);
          for (const [index, one] of networks.entries()) {
            const { ssid, passphrase, hidden, priority, mac } = one;
            const { ssid: readSsid, psk, sae, idStr, settings } = read[index]!;
            expect(readSsid).toBe(hex(ssid));
            const words = [...(one.trusted ? ['trusted'] : []), ...(one.public ? ['public'] : [])];
            expect(idStr ?? '').toBe(hex(words.join(' ')));
            expect(settings.filter((line) => /^(proto|pairwise|group)/.test(line))).toEqual(
              passphrase === null || one.legacy ? [] : ['group: 0x350', 'pairwise: 0x350', 'proto: 0x2'],
            );
            const raw = passphrase !== null && /^[0-9a-fA-F]{64}$/.test(passphrase);
            if (passphrase === null) expect({ psk, sae }).toEqual({});
            else if (raw) expect({ psk, sae }).toEqual({ psk: passphrase.toLowerCase() });
            else expect(sae ?? psk).toBe(hex(passphrase));
            expect(settings.filter((line) => /^(scan|prio|ieee|mac)/.test(line))).toEqual([
              ...(passphrase === null || raw ? [] : ['ieee80211w=1 (0x1)']),
              ...(mac === null ? [] : [mac === 'random' ? 'mac_addr=1 (0x1)' : 'mac_addr=0 (0x0)']),
              ...(priority === 0 ? [] : [`priority=${priority} (0x${priority.toString(16)})`]),
              ...(hidden ? ['scan_ssid=1 (0x1)'] : []),
            ]);
          }
        }),
        { numRuns: 15 },
      );
    },
  );

  it.skipIf(!hasTool('wpa_passphrase'))(
    'the raw key is that of wpa_passphrase (needs wpa_passphrase)',
    () => {
      const passphrase = 'a"b#cdef';
      const said = run('wpa_passphrase', ['home'], { input: `${passphrase}\n` }).toString();
      const [, key] = /^\tpsk=([0-9a-f]{64})$/m.exec(said) ?? [];
      expect(blockOf({ passphrase })).toContain(`\tpsk=${key ?? 'none'}\n`);
    },
  );

  it.skipIf(!hasTool('mtype'))('mtools reads the files byte for byte (needs mtype)', () => {
    const secrets = { ...NOTHING, networks: [network({})], hostKey: 'key\n' };
    const image = freshFile(encodeSite(secrets, 0));
    expect(run('mtype', ['-i', image, '::ssh_host_ed25519_key']).toString()).toBe('key\n');
    expect(run('mtype', ['-i', image, '::networks.conf']).toString()).toBe(blockOf({}));
  });
});
