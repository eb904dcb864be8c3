import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SiteNetwork } from '../../generators/profile/secrets.ts';
import { Machine } from './machine.ts';
import { expectTidy, network, networksOf, shell, siteOk, written } from './site-bench.ts';

function add(machine: Machine, one: SiteNetwork, asHex: boolean): void {
  const { ssid, passphrase, hidden, priority } = one;
  const name = asHex ? Buffer.from(ssid).toString('hex') : Buffer.from(ssid).toString();
  const options = [
    ...(asHex ? ['--hex'] : []),
    ...(passphrase === null ? ['--open'] : []),
    ...(hidden ? ['--hidden'] : []),
    ...(priority === 0 ? [] : ['--priority', String(priority)]),
    ...(['trusted', 'public', 'legacy'] as const).flatMap((key) => (one[key] ? [`--${key}`] : [])),
    ...(one.mac === null ? [] : ['--mac', one.mac]),
  ];
  siteOk(
    machine,
    passphrase === null ? null : `${Buffer.from(passphrase).toString('latin1')}\n`,
    'add',
    ...options,
    '--',
    name,
  );
}

const ODD = ['"', '#', '\\', ' ', "'", '{', '}', '=', '"#', '$', '`', '%', '%s', '\\n', '*', '-'];
const oddText = (min: number, max: number) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...ODD),
        fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      ),
      {
        minLength: min,
        maxLength: max,
      },
    )
    .map((parts) => parts.join('').slice(0, max));

describe('the blocks of vm_site add are those of airhive build', () => {
  const NETWORKS: readonly SiteNetwork[] = [
    network({}),
    network({ ssid: Buffer.from('open'), passphrase: null }),
    network({ ssid: Buffer.from('hidden'), hidden: true, priority: 1000 }),
    network({ ssid: Buffer.from('raw'), passphrase: 'aB'.repeat(32) }),
    network({ ssid: Buffer.from('a"b\\c'), passphrase: 'eight888' }),
    network({ ssid: Buffer.from('-x'), passphrase: ' '.repeat(8) }),
    network({ ssid: Buffer.from('café \u{1f4f6}'), passphrase: 'x'.repeat(63), priority: 7 }),
    network({ ssid: Buffer.from('accents'), passphrase: 'Gr\u00fc\u00dfe \u{1f4f6}' }),
    network({ ssid: Buffer.from('quoted accents'), passphrase: '"\u00e4"#\u00f6\u00fc' }),
    network({ ssid: Buffer.from('quote'), passphrase: 'a"b#cdef' }),
    network({ ssid: Buffer.from('old'), legacy: true, trusted: true, mac: 'random' }),
    network({ ssid: Buffer.from('old raw'), passphrase: 'ab'.repeat(32), legacy: true, public: true }),
    network({ ssid: Buffer.from('cafe'), passphrase: null, public: true, trusted: true, mac: 'per-network' }),
    network({ ssid: Buffer.from('own'), mac: 'permanent', priority: 1 }),
    network({ ssid: Buffer.from('tail\n\n'), passphrase: '"##"\'$(id)%s\\n`' }),
    network({ ssid: Buffer.from('$(id) `id` %s *'), passphrase: '*?[a] $HOME ~ %d' }),
  ];

  it('given as text', () => {
    const machine = new Machine();
    for (const one of NETWORKS) add(machine, one, false);
    expect(networksOf(machine)).toBe(written(NETWORKS));
    expectTidy(machine, ['battery staple', 'a"b#cdef', 'aBaBaB']);
    expect(machine.get('calls')).not.toMatch(/battery|eight888|a"b#|aBaB/);
  }, 120_000);

  it('given as digits, with bytes that no argument can hold', () => {
    const machine = new Machine();
    const more = [
      network({ ssid: Buffer.from([0, 10, 255]), passphrase: null }),
      network({ ssid: Buffer.from([0xff, 0x20, 0x0a]), passphrase: '"long enough# #"' }),
      network({ ssid: Buffer.alloc(32, 0x41) }),
    ];
    for (const one of [...NETWORKS.slice(0, 1), ...more]) add(machine, one, true);
    expect(networksOf(machine)).toBe(written([...NETWORKS.slice(0, 1), ...more]));
  }, 60_000);

  // Without the disk, which would make this slow.
  it('whatever the name and the passphrase', () => {
    const machine = new Machine();
    const script = join(machine.root, 'block');
    writeFileSync(
      script,
      'HERE=$1; . "$HERE/lib/common"; . "$HERE/lib/networks"; IFS= read -r words; network_block "$2" "$words" "$3" "$4"',
    );
    const any = fc.record({
      ssid: fc.oneof(
        oddText(1, 32).map((text) => Buffer.from(text)),
        fc.uint8Array({ minLength: 1, maxLength: 32, min: 1 }).map((bytes) => Buffer.from(bytes)),
      ),
      passphrase: fc.option(oddText(8, 63).filter((text) => text.length >= 8)),
      hidden: fc.boolean(),
      priority: fc.nat(1000),
    });
    fc.assert(
      fc.property(any, (values) => {
        const one = network(values);
        const hex = Buffer.from(one.ssid).toString('hex');
        const args = [script, machine.bundle, hex, one.hidden ? '1' : '', String(one.priority)];
        expect(shell(machine, `${one.passphrase ?? ''}\n`, args)).toMatchObject({
          out: written([one]),
          said: '',
        });
      }),
      { numRuns: 40 },
    );
  });
});
