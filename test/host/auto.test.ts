import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AC8260, AC8265, type Card, makerLaptop, putCards } from './auto-bench.ts';
import { INTEL } from './cards.ts';
import { conf, sysctl } from './changes.ts';
import { apply, done, filesOf, laptop, newer, read, remove, settings } from './installing.ts';
import type { Machine } from './machine.ts';
import { onTerminal } from './terminal.ts';
import { treeBelow } from './tree.ts';

// A bundle whose profile names no place (pci: auto): vm_install finds the card.

const recorded = (machine: Machine): string => read(machine.data, 'card');
const loader = (machine: Machine): string[] => settings(read(machine.boot, 'loader.conf.d/airhive.conf'));
const moved = (card: Card, place: string): Card => ({ ...card, place });

/** The lines of vm_install check with this word in front. */
async function check(machine: Machine, word: string, ...args: string[]): Promise<[number | null, string[]]> {
  const { code, said } = await machine.call('vm_install', 'check', ...args);
  return [code, said.split('\n').filter((line) => line.startsWith(word))];
}

/** What the last guest was started with. */
const passthru = (machine: Machine): string[] =>
  machine
    .calls('bhyve')
    .at(-1)
    ?.match(/\S+,passthru,\S+/g) ?? [];

describe("a maker's bundle", () => {
  it.each(['4/0/0', '3/0/0', '58/0/0'])('finds the card at %s', async (place) => {
    const machine = makerLaptop([moved(AC8260, place)]);
    const before = filesOf(machine);
    const [code, oks] = await check(machine, 'ok');
    expect(code).toBe(0);
    expect(oks).toContain(
      `ok       the card for the guest is Intel Wireless-AC 8260 (8086:24f3 at ${place})`,
    );
    const { said } = await apply(machine);
    expect(said).toContain(`the card for the guest: Intel Wireless-AC 8260 (8086:24f3 at ${place})\n`);
    expect(said).toContain(`reboot now, to change this: `);
    expect(recorded(machine)).toBe(`${place}=8086:24f3\n`);
    expect(statSync(join(machine.data, 'card')).mode & 0o777).toBe(0o644);
    expect(loader(machine)).toEqual(
      expect.arrayContaining([`pptdevs="${place}"`, 'if_iwm_load="NO"']) as string[],
    );
    const rc = read(machine.etc, 'rc.conf');
    expect(rc).toContain('devmatch_blocklist="if_rtwn_pci if_iwm if_iwlwifi"\n');
    expect(rc).toContain('kld_list="i915kms acpi_ibm"\n');
    expect(rc).not.toMatch(/wlan/);
    expect((await machine.reboot())?.code).toBe(0);
    expect(passthru(machine)).toEqual([`5:0,passthru,${place}`]);
    const again = await apply(machine);
    expect(again.said).toContain('nothing to change');
    expect(again.said).toContain(`the card for the guest is Intel Wireless-AC 8260 (8086:24f3 at ${place})`);
    const removed = await done(machine, join(machine.directory, 'current/vm_install'), 'remove', '--yes');
    // The bundle that goes is the one that removes.
    expect(removed.said).not.toContain('awk');
    expect(removed.said).toContain('until then the card stays away');
    expect(filesOf(machine)).toEqual(before);
    expect(existsSync(join(machine.data, 'card'))).toBe(false);
    expect(existsSync(join(machine.data, 'site.img'))).toBe(true);
  });

  it('vm_status shows its name', async () => {
    const machine = makerLaptop([AC8265]);
    await apply(machine);
    await machine.reboot();
    const current = join(machine.directory, 'current/vm_status');
    expect((await machine.call(current)).said).toMatch(
      /^card +Intel Wireless-AC 8265 \(8086:24fd at 5\/0\/0\), kept for the guest \(ppt0\)$/m,
    );
    const { said } = await machine.call(current, '--json');
    expect(JSON.parse(said)).toMatchObject({
      card: 'Intel Wireless-AC 8265',
      cards: ['5/0/0=8086:24fd=ppt0'],
    });
  });

  it('vm_native gives it to FreeBSD and back', async () => {
    const machine = makerLaptop([moved(AC8260, '3/0/0')]);
    await apply(machine);
    await machine.reboot();
    const native = join(machine.directory, 'current/vm_native');
    await done(machine, native, 'on', '--yes');
    expect(machine.get('pciconf')).toContain('iwm0@pci0:3:0:0');
    expect(machine.get('interfaces/wlan0')).toContain('inet ');
    await done(machine, native, 'off', '--yes');
    expect(machine.get('pciconf')).toContain('ppt0@pci0:3:0:0');
  });

  it('changes nothing in a dry run', async () => {
    const machine = makerLaptop([AC8260]);
    const before = treeBelow(machine.root, /^(state|said-|var\/run)/);
    const { said } = await done(machine, 'vm_install', 'apply', '--dry-run');
    expect(said).toContain('+ pptdevs="4/0/0"');
    expect(treeBelow(machine.root, /^(state|said-|var\/run)/)).toEqual(before);
  });

  it('is not started without an installation', async () => {
    const machine = makerLaptop([AC8260]);
    for (const [script, ...args] of [['vm_run'], ['vm_native', 'on']] as const) {
      const { code, said } = await machine.call(script, ...args);
      expect([code, said]).toEqual([4, expect.stringContaining('data/card: run "vm_install apply"')]);
    }
    expect((await machine.call('vm_status')).said).toContain('data/card: run vm_install apply');
  });

  it.each([
    '',
    '4/0/0\n',
    '4/0/0=10ec:c822\n',
    '4/0/0=8086:24f3,x\n',
    '$(id)=8086:24f3\n',
    '4/0/0=8086:24F3\n',
  ])('takes no card from data/card with %j', async (text) => {
    const machine = makerLaptop([AC8260]);
    await apply(machine);
    await machine.reboot();
    writeFileSync(join(machine.data, 'card'), text);
    machine.play('service', 'airhive', 'stop');
    const { code, said } = await machine.call(join(machine.directory, 'current/vm_run'));
    expect([code, said]).toEqual([4, expect.stringContaining('is not written down in')]);
    expect((await apply(machine)).said).not.toContain('nothing to change');
    expect(recorded(machine)).toBe('4/0/0=8086:24f3\n');
  });
});

const AGAIN = 'run "vm_install apply" again and reboot';

describe('a card that moves', () => {
  /** The one line of vm_run, check and status. */
  async function tells(machine: Machine, from: string, to: string): Promise<void> {
    const current = (name: string): string => join(machine.directory, 'current', name);
    const lost = `the card 8086:24f3 is not at ${from} any more, and there is Intel Wireless-AC 8260 (8086:24f3 at ${to}): ${AGAIN}`;
    const ran = await machine.call(current('vm_run'));
    expect([ran.code, ran.said]).toEqual([4, `vm_run: ${lost}\n`]);
    const { said } = await machine.call(current('vm_status'));
    expect(said).toMatch(new RegExp(`^card +${lost.replaceAll(/[()]/g, '.')}$`, 'm'));
    const [code, warnings] = await check(machine, 'warning');
    expect(code).toBe(0);
    expect(warnings.filter((line) => line.includes(AGAIN))).toEqual([
      `warning  the card is at ${to}, and ${machine.data}/card says ${from}=8086:24f3: ${AGAIN}`,
    ]);
  }

  it('is found again by vm_install apply, also twice, and its old place is given back', async () => {
    const machine = makerLaptop([AC8260]);
    writeFileSync(join(machine.boot, 'loader.conf'), 'pptdevs="9/0/0"\n');
    const before = filesOf(machine);
    await apply(machine);
    expect((await machine.reboot())?.code).toBe(0);
    putCards(machine, moved(AC8260, '5/0/0'));
    await machine.reboot();
    await tells(machine, '4/0/0', '5/0/0');
    // Another update moves it before anything was done about it.
    putCards(machine, moved(AC8260, '58/0/0'));
    await machine.reboot();
    await tells(machine, '4/0/0', '58/0/0');
    const { said } = await apply(machine);
    expect(said).toContain('  use the card at 58/0/0, and no longer 8086:24f3 at 4/0/0\n');
    expect(said).toContain('- pptdevs2="4/0/0"\n    + pptdevs2="58/0/0"\n');
    expect(recorded(machine)).toBe('58/0/0=8086:24f3\n');
    expect(read(machine.boot, 'loader.conf')).toBe('pptdevs="9/0/0"\n');
    expect((await machine.reboot())?.code).toBe(0);
    expect(passthru(machine)).toEqual(['5:0,passthru,58/0/0']);
    putCards(machine, moved(AC8260, '6/0/0'));
    await machine.reboot();
    await tells(machine, '58/0/0', '6/0/0');
    await apply(machine);
    expect(loader(machine).filter((line) => line.startsWith('ppt'))).toEqual(['pptdevs2="6/0/0"']);
    expect((await machine.reboot())?.code).toBe(0);
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });

  it.each([
    ['the Ethernet card 8086:15d8', '8086:15d8', '020000'],
    ['the disk controller 144d:a808', '144d:a808', '010802'],
    ['the USB controller 1b21:2142', '1b21:2142', '0c0330'],
    ['the device 10de:1c8d', '10de:1c8d', '030200'],
  ])('and its old place has %s now, which ppt keeps', async (what, id, kind) => {
    const machine = makerLaptop([AC8260]);
    writeFileSync(join(machine.boot, 'loader.conf'), 'hw.acpi.verbose="0"\npptdevs="9/0/0 4/0/0"\n');
    await apply(machine);
    putCards(machine, moved(AC8260, '5/0/0'), { place: '4/0/0', id, kind });
    await machine.reboot();
    const kept = `(ppt0 keeps ${what} at 4/0/0 from FreeBSD now)`;
    const lost = `the card 8086:24f3 is not at 4/0/0 any more ${kept}, and there is `;
    expect((await machine.call(join(machine.directory, 'current/vm_run'))).said).toContain(`vm_run: ${lost}`);
    expect((await machine.call(join(machine.directory, 'current/vm_status'))).said).toContain(lost);
    const own = [
      `warning  ${machine.boot}/loader.conf line 2 has pptdevs="9/0/0 4/0/0", and the guest's card is not at 4/0/0 any more: this`,
      `entry keeps ${what} from FreeBSD. Take 4/0/0 out there`,
    ].join(' ');
    const [, warnings] = await check(machine, 'warning');
    expect(warnings).toContain(
      `warning  the card is at 5/0/0, and ${machine.data}/card says 4/0/0=8086:24f3 ${kept}: ${AGAIN}`,
    );
    expect(warnings).toContain(own);
    expect((await apply(machine)).said).toContain(own);
  });

  it('is known by its kind where another one of the maker is', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '4/0/0');
    putCards(machine, moved(AC8265, '4/0/0'), moved(AC8260, '5/0/0'));
    await machine.reboot();
    await apply(machine);
    expect(recorded(machine)).toBe('5/0/0=8086:24f3\n');
  });

  it('and is another one now', async () => {
    const machine = makerLaptop([AC8260]);
    await apply(machine);
    putCards(machine, moved(AC8265, '4/0/0'));
    await machine.reboot();
    const { said } = await machine.call(join(machine.directory, 'current/vm_run'));
    expect(said).toContain(
      `the card 8086:24f3 is not at 4/0/0 any more, and there is Intel Wireless-AC 8265 (8086:24fd at 4/0/0): ${AGAIN}`,
    );
    await apply(machine);
    expect(recorded(machine)).toBe('4/0/0=8086:24fd\n');
  });

  it('and is gone', async () => {
    const machine = makerLaptop([AC8260]);
    await apply(machine);
    putCards(machine);
    await machine.reboot();
    const { code, said } = await machine.call(join(machine.directory, 'current/vm_run'));
    expect([code, said]).toEqual([
      4,
      expect.stringContaining('nor is there another that this bundle is for'),
    ]);
    expect((await machine.call('vm_install', 'apply', '--yes')).code).toBe(4);
    await remove(machine);
  });

  it('of a profile with its place asks for a new build', async () => {
    const machine = laptop();
    await apply(machine);
    putCards(machine, moved(AC8260, '5/0/0'));
    await machine.reboot();
    const [code, errors] = await check(machine, 'error');
    expect([code, errors]).toEqual([
      4,
      [expect.stringContaining('the profile says 4/0/0: change it in the profile')],
    ]);
  });
});

describe('two cards of one maker', () => {
  const LIST = [
    'there are several cards that this bundle is for:',
    '  1  Intel Wireless-AC 8260 (8086:24f3 at 4/0/0)',
    '  2  Intel Wireless-AC 8265 (8086:24fd at 5/0/0)',
  ].join('\n');

  it('are listed where nobody can be asked, and nothing is changed', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    const before = filesOf(machine);
    const [code, warnings] = await check(machine, 'warning');
    expect(code).toBe(0);
    expect(warnings.join('\n')).toContain(
      'this bundle is for: Intel Wireless-AC 8260 (8086:24f3 at 4/0/0), Intel Wireless-AC 8265 (8086:24fd at 5/0/0)',
    );
    for (const args of [['--yes'], [], ['--dry-run']]) {
      const ended = await machine.call('vm_install', 'apply', ...args);
      expect(ended.code).toBe(2);
      expect(ended.said).toContain(LIST);
      expect(ended.said).toContain('vm_install apply --card 4/0/0');
    }
    expect(filesOf(machine)).toEqual(before);
    expect(existsSync(machine.data)).toBe(false);
  });

  it('are asked for on a terminal', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    const line = `$RUN_SH ${machine.bundle}/vm_install apply`;
    const wrong = await onTerminal(machine, line, [[/\[1-2\]/, '3\n']]);
    expect([wrong.code, wrong.shown]).toEqual([2, expect.stringContaining('nothing was changed')]);
    expect(existsSync(machine.data)).toBe(false);
    const { code, shown } = await onTerminal(machine, line, [
      [/Which one does the guest get\? \[1-2\]/, '2\n'],
      [/Go on\?/, 'y\n'],
    ]);
    expect(code, shown).toBe(0);
    expect(recorded(machine)).toBe('5/0/0=8086:24fd\n');
  });

  it('--card says which, and an upgrade keeps to it', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    const [code, oks] = await check(machine, 'ok', '--card', '5/0/0');
    expect([code, oks.join('\n')]).toEqual([
      0,
      expect.stringContaining('Intel Wireless-AC 8265 (8086:24fd at 5/0/0)'),
    ]);
    expect((await done(machine, 'vm_install', 'apply', '--dry-run', '--card', '5/0/0')).said).toContain(
      '+ pptdevs="5/0/0"',
    );
    const { said } = await done(machine, 'vm_install', 'apply', '--yes', '--card', '5/0/0');
    expect(said).toContain(
      'warning  the card Intel Wireless-AC 8260 (8086:24f3 at 4/0/0) is driven by iwm0, and if_iwm if_iwlwifi is kept away',
    );
    expect((await machine.reboot())?.code).toBe(0);
    expect(machine.get('pciconf')).toMatch(/none1@pci0:4:0:0:[^]*ppt0@pci0:5:0:0:/);
    machine.play('kldload', 'if_iwm');
    expect(machine.get('pciconf')).toMatch(/iwm0@pci0:4:0:0:[^]*ppt0@pci0:5:0:0:/);
    await done(machine, newer(machine, '0.2.0', INTEL), 'apply', '--yes');
    expect(recorded(machine)).toBe('5/0/0=8086:24fd\n');
    // And goes over to the other one when that is said.
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '4/0/0');
    expect(loader(machine)).toContain('pptdevs="4/0/0"');
    expect((await machine.reboot())?.code).toBe(0);
    expect(passthru(machine)).toEqual(['5:0,passthru,4/0/0']);
  });

  it('a change of card that is declined half way leaves the old one, with its settings', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    writeFileSync(join(machine.etc, 'wpa_supplicant.conf'), '');
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '4/0/0');
    expect((await machine.reboot())?.code).toBe(0);
    const line = `$RUN_SH ${machine.bundle}/vm_install apply --card 5/0/0`;
    const { code, shown } = await onTerminal(machine, line, [
      [/Go on\?/, 'y\n'],
      [/Switch to the guest without one\?/, 'n\n'],
    ]);
    expect(code, shown).toBe(130);
    expect(loader(machine)).toContain('pptdevs="4/0/0"');
    expect(recorded(machine)).toBe('4/0/0=8086:24f3\n');
    expect((await machine.reboot())?.code).toBe(0);
    expect(passthru(machine)).toEqual(['5:0,passthru,4/0/0']);
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '5/0/0');
    expect(recorded(machine)).toBe('5/0/0=8086:24fd\n');
    expect((await machine.reboot())?.code).toBe(0);
    expect(passthru(machine)).toEqual(['5:0,passthru,5/0/0']);
  });

  it.each([
    [
      '6/0/0',
      2,
      'there is no Wi-Fi card at 6/0/0; --card may name Intel Wireless-AC 8260 (8086:24f3 at 4/0/0), ',
    ],
    [
      '7/0/0',
      4,
      'this bundle (cards of intel) is not for the card Realtek RTL8822CE (10ec:c822 at 7/0/0): take the one of the profile "realtek"',
    ],
    ['8/0/0', 3, 'the card Qualcomm WCN6855 (17cb:1103 at 8/0/0) does not work in a guest'],
  ])('--card %s', async (place, code, words) => {
    const machine = makerLaptop([
      AC8260,
      AC8265,
      { place: '7/0/0', id: '10ec:c822' },
      { place: '8/0/0', id: '17cb:1103' },
    ]);
    expect(await check(machine, 'error', '--card', place)).toEqual([code, [expect.stringContaining(words)]]);
    const ended = await machine.call('vm_install', 'apply', '--yes', '--card', place);
    expect([ended.code, ended.said]).toEqual([code, expect.stringContaining(words)]);
    expect(existsSync(machine.data)).toBe(false);
  });

  it.each([
    ['apply', '--card'],
    ['apply', '--card', 'iwm0'],
    ['check', '--card', 'pci0:4:0:0'],
    ['apply', '--card', '--yes'],
    ['remove', '--card', '4/0/0'],
    ['apply', '--card=4/0/0'],
  ])('%s %s %s is wrong usage', async (...args) => {
    const machine = makerLaptop([AC8260]);
    expect((await machine.call('vm_install', ...args)).code).toBe(2);
  });

  it('--card is nothing for a profile that has the place', async () => {
    const { code, said } = await laptop().call('vm_install', 'apply', '--yes', '--card', '4/0/0');
    expect([code, said]).toEqual([
      2,
      expect.stringContaining('names the place of the card itself (4/0/0=8086:24f3)'),
    ]);
  });

  it('one of them has its place in the profile', async () => {
    const machine = makerLaptop([AC8260, AC8265], {
      deviceList: '4/0/0=8086:24f3',
      slotList: '5:0,passthru,4/0/0',
      slot: '8:0',
    });
    await apply(machine);
    expect(recorded(machine)).toBe('5/0/0=8086:24fd\n');
    expect(loader(machine)).toContain('pptdevs="4/0/0 5/0/0"');
    expect((await machine.reboot())?.code).toBe(0);
    expect(passthru(machine)).toEqual(['5:0,passthru,4/0/0', '8:0,passthru,5/0/0']);
  });
});

describe('no card for the bundle', () => {
  const only = (id: string, subdevice?: string): Card => ({
    place: '2/0/0',
    id,
    ...(subdevice && { subdevice }),
  });

  it.each<[string, readonly Card[], number, string]>([
    ['none', [], 4, 'there is no Wi-Fi card that could be passed to a guest (pciconf -l)'],
    [
      'of another maker',
      [only('10ec:c822')],
      4,
      'this bundle (cards of intel) is not for the card Realtek RTL8822CE (10ec:c822 at 2/0/0): take the one of the profile "realtek"',
    ],
    [
      'of a maker without a profile',
      [only('1814:3090')],
      4,
      'this bundle (cards of intel) is not for the card Ralink RT3090 (1814:3090 at 2/0/0): build one for it (airhive init)',
    ],
    [
      'that never works',
      [only('17cb:1103')],
      3,
      'the card Qualcomm WCN6855 (17cb:1103 at 2/0/0) does not work in a guest: Its driver hands an address',
    ],
    [
      'that never works with this radio',
      [only('8086:51f0', '0030')],
      3,
      'the card Intel Wi-Fi with a Killer (8086:51f0 at 2/0/0) does not work in a guest: It hands its own address',
    ],
    [
      'that nobody knows',
      [only('14c3:9999')],
      4,
      'there is a Wi-Fi card 14c3:9999 at 2/0/0, which is not in lib/cards.tsv',
    ],
    [
      'and one that never works, and another',
      [only('17cb:1103'), { place: '3/0/0', id: '10ec:c822' }],
      4,
      'profile "realtek"',
    ],
  ])('%s', async (_, cards, code, words) => {
    const machine = makerLaptop(cards);
    const before = filesOf(machine);
    expect(await check(machine, 'error')).toEqual([code, [expect.stringContaining(words)]]);
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect([ended.code, ended.said]).toEqual([code, expect.stringContaining(words)]);
    expect(filesOf(machine)).toEqual(before);
  });

  it.each([
    ['0094', 'Intel Wi-Fi 6E AX211', 'if_iwlwifi if_iwx'],
    ['1234', 'Intel Wi-Fi 6E AX211 or Intel Wi-Fi with a Killer', 'if_iwlwifi if_iwx'],
  ])('but the subdevice %s has one', async (subdevice, name, drivers) => {
    const machine = makerLaptop([only('8086:51f0', subdevice)]);
    expect((await apply(machine)).said).toContain(`the card for the guest: ${name} (8086:51f0 at 2/0/0)`);
    expect(recorded(machine)).toBe('2/0/0=8086:51f0\n');
    expect(read(machine.etc, 'rc.conf')).toContain(`devmatch_blocklist="if_rtwn_pci ${drivers}"`);
  });

  it.each(['17cb:1103', 'auto'])('but it is forced: %s', async (forced) => {
    const machine = makerLaptop([only('17cb:1103')], { wanted: '17cb:1103', maker: '', forced });
    const { said } = await apply(machine);
    expect(said).toContain(
      'warning  the card Qualcomm WCN6855 (17cb:1103 at 2/0/0) is taken by force: Its driver',
    );
    expect((await machine.reboot())?.code).toBe(0);
  });

  it('and a list of ids names one that the table has not', async () => {
    const machine = makerLaptop([only('14c3:9999')], {
      ...{ wanted: '14c3:9998 14c3:9999', maker: '', drivers: 'if_iwm' },
    });
    expect((await apply(machine)).said).toContain('the card for the guest: 14c3:9999 at 2/0/0\n');
    // By the name of its driver, which the profile has to say.
    expect(read(machine.etc, 'rc.conf')).not.toMatch(/wlan/);
    expect((await machine.reboot())?.code).toBe(0);
  });
});

describe('from a bundle with a place to one without, and back', () => {
  it('by upgrade and by rollback', async () => {
    const machine = laptop();
    const before = filesOf(machine);
    await apply(machine);
    await machine.reboot();
    const placed = filesOf(machine);
    const maker = newer(machine, '0.2.0', INTEL);
    expect((await done(machine, maker, 'apply', '--yes')).said).toContain('no reboot is needed');
    expect(recorded(machine)).toBe('4/0/0=8086:24f3\n');
    expect((await machine.reboot())?.code).toBe(0);
    const found = filesOf(machine);
    const current = join(machine.directory, 'current/vm_install');
    await done(machine, current, 'rollback', '--yes');
    expect(filesOf(machine)).toEqual(placed);
    expect((await machine.reboot())?.code).toBe(0);
    await done(machine, current, 'rollback', '--yes');
    expect(filesOf(machine)).toEqual(found);
    await done(machine, newer(machine, '0.3.0'), 'apply', '--yes');
    expect((await machine.reboot())?.code).toBe(0);
    await done(machine, current, 'remove', '--yes');
    expect(filesOf(machine)).toEqual(before);
    expect(existsSync(join(machine.data, 'card'))).toBe(false);
  });

  it('rollback has a choice to make', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '5/0/0');
    await done(machine, newer(machine, '0.2.0'), 'apply', '--yes');
    rmSync(join(machine.data, 'card'));
    const current = join(machine.directory, 'current/vm_install');
    const ended = await machine.call(current, 'rollback', '--yes');
    expect([ended.code, ended.said]).toEqual([
      2,
      expect.stringContaining('vm_install rollback --card 4/0/0'),
    ]);
    const wrong = await machine.call(current, 'rollback', '--yes', '--card', '9/0/0');
    expect([wrong.code, wrong.said]).toEqual([
      2,
      expect.stringContaining(
        'there is no Wi-Fi card at 9/0/0; --card may name Intel Wireless-AC 8260 (8086:24f3 at 4/0/0), ',
      ),
    ]);
    expect(wrong.said).toContain('nothing was changed');
    await done(machine, current, 'rollback', '--yes', '--card', '5/0/0');
    expect(recorded(machine)).toBe('5/0/0=8086:24fd\n');
  });
});

describe('what is retired', () => {
  it('belongs to the card by the number that FreeBSD gave it', async () => {
    const machine = makerLaptop([AC8260, AC8265]);
    const other = ['wlans_iwm0="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"', 'create_args_wlan0="country 00"'];
    conf(
      ...other,
      'wlans_iwm1="wlan1"',
      'ifconfig_wlan1="WPA DHCP"',
      'ifconfig_wlan1_ipv6="inet6 accept_rtadv"',
      'ipv4_addrs_wlan1="10.9.0.1/24"',
      'create_args_wlan1="country 00"',
    )(machine);
    const before = read(machine.etc, 'rc.conf');
    expect(machine.get('pciconf')).toMatch(/iwm0@pci0:4:0:0:[^]*iwm1@pci0:5:0:0:/);
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '5/0/0');
    const lines = (): string[] => read(machine.etc, 'rc.conf').split('\n');
    expect(lines().slice(0, 3)).toEqual(other);
    expect(lines().filter((line) => /wlan1|iwm1/.test(line))).toEqual([]);
    // Also when the card has no such name any more.
    await machine.reboot();
    await done(machine, newer(machine, '0.2.0', { ...INTEL, tap: 'tap7' }), 'apply', '--yes');
    expect(lines().slice(0, 3)).toEqual(other);
    expect(lines().filter((line) => /wlan1|iwm1/.test(line))).toEqual([]);
    await remove(machine);
    expect(read(machine.etc, 'rc.conf')).toBe(before);
  });

  it("is of both cards where two of one kind are the guest's", async () => {
    const machine = makerLaptop([AC8260, moved(AC8260, '5/0/0')], {
      deviceList: '4/0/0=8086:24f3',
      slotList: '5:0,passthru,4/0/0',
      slot: '8:0',
    });
    expect(machine.get('pciconf')).toMatch(/iwm0@pci0:4:0:0:[^]*iwm1@pci0:5:0:0:/);
    conf('wlans_iwm0="wlan0"', 'ifconfig_wlan0="WPA"', 'wlans_iwm1="wlan1"', 'ifconfig_wlan1="WPA"')(machine);
    await apply(machine);
    expect(read(machine.etc, 'rc.conf')).not.toMatch(/wlan|iwm[01]/);
  });

  const STICK = ['wlans_rtwn0="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"', 'create_args_wlan0="country DE"'];

  it('is not what belongs to a stick that is wlan0', async () => {
    const machine = makerLaptop([AC8260]);
    conf(
      ...STICK,
      'wlans_iwm0="wlan1"',
      'ifconfig_wlan1="WPA SYNCDHCP"',
      'create_args_wlan1="country DE"',
    )(machine);
    const before = read(machine.etc, 'rc.conf');
    const [, warnings] = await check(machine, 'warning');
    expect(warnings.join('\n')).toContain('the country is DE in create_args_wlan1');
    expect(warnings.join('\n')).toContain('wlan0 gets its address by DHCP');
    await apply(machine);
    const lines = read(machine.etc, 'rc.conf').split('\n');
    expect(lines.slice(0, 3)).toEqual(STICK);
    expect(lines.filter((line) => /wlan1|iwm0/.test(line))).toEqual([]);
    await remove(machine);
    expect(read(machine.etc, 'rc.conf')).toBe(before);
  });

  /** A stick that is rtwn0, or is no more. */
  const stick = (machine: Machine, parent = 'uhub1'): void => {
    sysctl('dev.rtwn.0.%parent', parent)(machine);
    if (parent === '') machine.put('sysctl', machine.get('sysctl').replace(/^dev.rtwn.*\n/m, ''));
  };

  it('is not what belongs to a stick of the same driver, where ppt has the card already', async () => {
    const card = { place: '4/0/0', id: '10ec:8179', natives: [['rtwn', 'if_rtwn_pci']] as const };
    const machine = makerLaptop([card], { wanted: '10ec:8179', maker: '' });
    writeFileSync(join(machine.boot, 'loader.conf'), 'vmm_load="YES"\npptdevs="4/0/0"\n');
    await machine.reboot();
    expect(machine.get('pciconf')).toContain('ppt0@pci0:4:0:0');
    stick(machine);
    conf(...STICK)(machine);
    const before = read(machine.etc, 'rc.conf');
    const kept = (): string[] => read(machine.etc, 'rc.conf').split('\n').slice(0, 3);
    await apply(machine);
    expect(kept()).toEqual(STICK);
    // Unplugged it is the same.
    stick(machine, '');
    await machine.reboot();
    await done(
      machine,
      newer(machine, '0.2.0', { ...INTEL, wanted: '10ec:8179', tap: 'tap7' }),
      'apply',
      '--yes',
    );
    expect(kept()).toEqual(STICK);
    await done(machine, join(machine.directory, 'current/vm_install'), 'rollback', '--yes');
    expect(kept()).toEqual(STICK);
    await remove(machine);
    expect(read(machine.etc, 'rc.conf')).toBe(before);
  });

  it('is said to be counted anew where a stick is the second of the driver', async () => {
    const card = { place: '4/0/0', id: '10ec:8179', natives: [['rtwn', 'if_rtwn_pci']] as const };
    const machine = makerLaptop([card], { wanted: '10ec:8179', maker: '' });
    machine.put('kernel-modules', `${machine.get('kernel-modules')}if_rtwn_pci\n`);
    machine.play('kldload', 'if_rtwn_pci');
    expect(machine.get('pciconf')).toContain('rtwn0@pci0:4:0:0');
    sysctl('dev.rtwn.1.%parent', 'uhub1')(machine);
    conf('wlans_rtwn0="wlan1"', 'wlans_rtwn1="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"')(machine);
    const [, warnings] = await check(machine, 'warning');
    expect(warnings.join('\n')).toMatch(
      /wlans_rtwn1 is for rtwn1 .*which FreeBSD calls rtwn0 from the reboot on/,
    );
    await apply(machine);
    const rc = read(machine.etc, 'rc.conf');
    expect(rc).toContain('wlans_rtwn1="wlan0"\nifconfig_wlan0="WPA SYNCDHCP"\n');
    expect(rc).not.toContain('wlans_rtwn0');
  });

  it('is not what another card has that a driver of the same table line runs', async () => {
    const other: Card = { place: '3/0/0', id: '8086:2723', natives: [['iwlwifi', 'if_iwlwifi']] };
    const machine = makerLaptop([AC8260, other]);
    expect(machine.get('pciconf')).toMatch(/iwm0@pci0:4:0:0:[^]*iwlwifi0@pci0:3:0:0:/);
    const lines = ['wlans_iwlwifi0="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"'];
    conf(...lines, 'wlans_iwm0="wlan1"', 'ifconfig_wlan1="WPA SYNCDHCP"')(machine);
    await done(machine, 'vm_install', 'apply', '--yes', '--card', '4/0/0');
    const rc = (): string => read(machine.etc, 'rc.conf');
    expect(rc().split('\n').slice(0, 2)).toEqual(lines);
    expect(rc()).not.toMatch(/wlan1|iwm0/);
    await machine.reboot();
    await done(machine, newer(machine, '0.2.0', { ...INTEL, tap: 'tap7' }), 'apply', '--yes');
    expect(rc().split('\n').slice(0, 2)).toEqual(lines);
  });

  it.each([
    [
      'a lagg',
      [
        'ifconfig_em0="ether 02:00:00:00:00:01 up"',
        'wlans_iwm0="wlan0"',
        'ifconfig_wlan0="WPA"',
        'cloned_interfaces="lagg0"',
        'ifconfig_lagg0="laggproto failover laggport em0 laggport wlan0 DHCP"',
      ],
      ['lagg0 loses wlan0, which the guest has then', 'em0 is given the hardware address 02:00:00:00:00:01'],
    ],
    [
      'an address and a country',
      [
        'wlans_iwm0="wlan0"',
        'create_args_wlan0="country US"',
        'ifconfig_wlan0="WPA inet 192.168.1.50 netmask 255.255.255.0"',
        'defaultrouter="192.168.1.1"',
      ],
      [
        'wlan0 has the address 192.168.1.50',
        'the country is US in create_args_wlan0',
        'the gateway in rc.conf is 192.168.1.1',
      ],
    ],
    [
      'the second device of the driver',
      ['wlans_iwm0="wlan0"', 'wlans_iwm1="wlan1"', 'ifconfig_wlan1="WPA SYNCDHCP"'],
      ['wlans_iwm1 is for iwm1 (', 'which FreeBSD calls iwm0 from the reboot on'],
    ],
  ])('is said where others hang on it: %s', async (_, lines, words) => {
    const machine = makerLaptop([AC8260]);
    conf(...lines)(machine);
    const [code, warnings] = await check(machine, 'warning');
    expect(code).toBe(0);
    for (const text of words) expect(warnings.join('\n')).toContain(text);
  });

  it('is not what the user writes for another device that has the number of the card since then', async () => {
    const machine = makerLaptop([AC8260]);
    conf('wlans_iwm0="wlan0"', 'ifconfig_wlan0="WPA"', 'ifconfig_wlan1="WPA SYNCDHCP"')(machine);
    await apply(machine);
    await machine.reboot();
    const own = ['wlans_iwm0="wlan1"', 'ifconfig_wlan1="WPA SYNCDHCP"'];
    machine.play('sysrc', 'wlans_iwm0=wlan1');
    await done(machine, newer(machine, '0.2.0', { ...INTEL, tap: 'tap7' }), 'apply', '--yes');
    expect(read(machine.etc, 'rc.conf').split('\n')).toEqual(expect.arrayContaining(own) as string[]);
    await done(machine, newer(machine, '0.3.0', INTEL), 'apply', '--yes');
    expect(read(machine.etc, 'rc.conf').split('\n')).toEqual(expect.arrayContaining(own) as string[]);
    await done(machine, join(machine.directory, 'current/vm_install'), 'rollback', '--yes');
    expect(read(machine.etc, 'rc.conf').split('\n')).toEqual(expect.arrayContaining(own) as string[]);
  });
});
