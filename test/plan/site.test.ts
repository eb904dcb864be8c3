import fc from 'fast-check';
import { pbkdf2Sync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeFat } from '../../generators/formats/fat/decode.ts';
import { materialize } from '../../generators/formats/sparse.ts';
import { encodeSite } from '../../generators/plan/site.ts';
import type { SiteNetwork, SiteSecrets } from '../../generators/profile/secrets.ts';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const NOTHING: SiteSecrets = { networks: [], adminKeys: [], tunnelKeys: [], hostKey: '' };
const network = (ssid: string, passphrase: string | null = null): SiteNetwork => ({
  ssid: Buffer.from(ssid),
  passphrase,
  hidden: false,
  priority: 0,
});

/** The files of the disk by name. */
function filesOf(secrets: Partial<SiteSecrets>): Record<string, string> {
  const { files } = decodeFat(materialize(encodeSite({ ...NOTHING, ...secrets }, 1700000000)));
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('latin1')]));
}
const networksOf = (...networks: SiteNetwork[]) => filesOf({ networks })['networks.conf'] ?? '';

describe('encodeSite', () => {
  it('makes a disk of one MiB with the label that the guest looks for', () => {
    const image = encodeSite(NOTHING, 0);
    expect(image.size).toBe(1024 * 1024);
    expect(decodeFat(materialize(image))).toMatchObject({ label: 'AIRHIVESITE', files: [] });
  });

  it('puts each kind of secret into its file, and leaves out files of none', () => {
    const keys = {
      adminKeys: ['ssh-ed25519 AAAA a', 'ssh-ed25519 BBBB b'],
      tunnelKeys: ['ssh-ed25519 CCCC'],
    };
    expect(filesOf({ ...keys, hostKey: '-----BEGIN\n' })).toEqual({
      admin_keys: 'ssh-ed25519 AAAA a\nssh-ed25519 BBBB b\n',
      tunnel_keys: 'ssh-ed25519 CCCC\n',
      ssh_host_ed25519_key: '-----BEGIN\n',
    });
  });

  it('writes blocks that wpa_supplicant.conf(5) knows', () => {
    expect(
      networksOf(network('home', 'correct horse'), { ...network('cafe'), hidden: true, priority: 7 }),
    ).toBe(
      [
        'network={',
        '\tssid="home"',
        '\tpsk="correct horse"',
        '\tkey_mgmt=WPA-PSK WPA-PSK-SHA256 SAE',
        '\tieee80211w=1',
        '}',
        '',
        'network={',
        '\tssid="cafe"',
        '\tkey_mgmt=NONE',
        '\tscan_ssid=1',
        '\tpriority=7',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('writes a raw key without quotes, and SSIDs that are no plain text as their bytes', () => {
    expect(networksOf(network('é', '0A'.repeat(32)))).toContain(`\tssid=c3a9\n\tpsk=${'0A'.repeat(32)}\n`);
    for (const ssid of ['a"b', 'a\\b', 'a\nb', '\0']) {
      expect(networksOf(network(ssid))).toContain(`\tssid=${Buffer.from(ssid).toString('hex')}\n`);
    }
  });
});

const AWK = fileURLToPath(new URL('../../overlays/guest/usr/libexec/airhive/networks.awk', import.meta.url));

/** What wpa_supplicant says of the networks that it reads: their SSIDs and WPA2 keys as hexadecimal digits. */
function readBySupplicant(text: string): { ssids: string[]; keys: string[] } {
  // There is no such interface, so it ends as soon as it has read the file.
  const args = ['-dd', '-K', '-D', 'wired', '-i', 'none0', '-c', freshFile(text)];
  const { stdout } = spawnSync('wpa_supplicant', args, { encoding: 'latin1' });
  expect(stdout).toContain('Reading configuration file');
  expect(stdout).not.toMatch(/^Line \d+: (?!start of a new network)|Failed to read or parse/m);
  const ssids = [...stdout.matchAll(/^ssid - hexdump_ascii\(len=(\d+)\):\n((?: {5}.*\n)+)/gm)].map(
    ([, length, rows = '']) => {
      const digits = rows.split('\n').map((row) => row.slice(5, 53).replaceAll(' ', ''));
      expect(digits.join('').length).toBe(Number(length) * 2);
      return digits.join('');
    },
  );
  const keys = [...stdout.matchAll(/^PSK(?: \(from passphrase\))? - hexdump\(len=32\): (.*)$/gm)];
  return { ssids, keys: keys.map(([, digits = '']) => digits.replaceAll(' ', '')) };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const keyOf = ({ ssid, passphrase }: SiteNetwork): string[] => {
  if (passphrase === null) return [];
  return [
    passphrase.length === 64 ? passphrase : pbkdf2Sync(passphrase, ssid, 4096, 32, 'sha1').toString('hex'),
  ];
};

const printable = fc.oneof(
  fc.constantFrom('"', '#', ' ', '\\', "'", '}', 'a'),
  fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
);
const networks = fc.uniqueArray(
  fc.record({
    ssid: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 32 }),
      fc.string({ unit: printable, minLength: 1, maxLength: 32 }).map((text) => Buffer.from(text)),
    ),
    passphrase: fc.oneof(
      fc.constant(null),
      fc.string({ unit: printable, minLength: 8, maxLength: 63 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex),
    ),
    hidden: fc.boolean(),
    priority: fc.integer({ min: 0, max: 1000 }),
  }),
  { minLength: 1, maxLength: 5, selector: ({ ssid }) => hex(ssid) },
);

describe('the networks of the site', () => {
  const isReady = hasTool('wpa_supplicant') && hasTool('busybox');
  it.skipIf(!isReady)(
    'reach wpa_supplicant as they were meant, whatever their bytes (needs wpa_supplicant, busybox)',
    () => {
      fc.assert(
        fc.property(networks, (list) => {
          const site = freshFile(Buffer.from(networksOf(...list), 'latin1'));
          const merged = run('busybox', ['awk', '-v', 'tag=airhive-site', '-f', AWK, site, '/dev/null']);
          expect(readBySupplicant(merged.toString('latin1'))).toEqual({
            ssids: list.map(({ ssid }) => hex(ssid)),
            keys: list.flatMap(keyOf),
          });
        }),
        { numRuns: 25 },
      );
    },
  );
});
