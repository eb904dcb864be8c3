import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { idsOf, tableOf } from '../../generators/profile/cards.ts';
import { readShipped } from '../profile/example.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { runInside, unwrapped, typed } from './command.ts';
import { folderWith } from './projects.ts';

/** The airhive of this checkout, with the table that is shipped. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const { all } = tableOf({ file: 'cards.yaml', text: readShipped('cards.yaml') });

const run = (argv: readonly string[], text?: string) =>
  runInside(['cards', ...argv], { root: ROOT, ...(text === undefined ? {} : { stdin: typed(text) }) });

/** The text without its line breaks: where a line ends is a matter of width. */
const said = (text: string) => text.replace(/\s+/g, ' ');

const line = (driver: string, place: string, id: string, subdevice = '0x0000') =>
  `${driver}@pci0:${place}:\tclass=0x028000 rev=0x00 hdr=0x00 vendor=0x${id.split(':')[0]} device=0x${id.split(':')[1]} ` +
  `subvendor=0x8086 subdevice=${subdevice}\n`;
const CABLE = line('em0', '0:31:6', '8086:15d7').replace('028000', '020000');

describe('the list', () => {
  it('has a line for each id, of at most 100 characters, and its verdict', async () => {
    const { code, stdout, stderr } = await run([]);
    expect(code).toBe(0);
    expect(stderr).toContain('airhive cards ID says all of one');
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head).toBe('ID         IN A VM   FREEBSD  NAME');
    expect(lines.map((text) => text.slice(0, 9))).toEqual(all.flatMap(idsOf));
    expect(lines.filter((text) => text.length > 100)).toEqual([]);
    expect(lines).toContain('8086:24f3  works     11g      Intel Wireless-AC 8260');
    expect(lines).toContain('17cb:1103  never     -        Qualcomm QCNFA765 or WCN6855');
    expect(lines).toContain('8086:2723  works     11ac     Intel Wi-Fi 6 AX200');
  });

  it('is the whole table with --json', async () => {
    const { stdout, stderr } = await run(['--json', '--quiet']);
    expect(stderr).toBe('');
    const { format, ok, cards } = JSON.parse(stdout) as { format: number; ok: boolean; cards: object[] };
    expect([format, ok, cards.length]).toEqual([1, true, all.length]);
    expect(cards).toContainEqual(
      expect.objectContaining({
        name: 'Intel Wi-Fi 6 AX200',
        ids: ['8086:2723'],
        native: [
          { from: '13.1', mode: '11g' },
          { from: '14.3', mode: '11ac' },
        ],
        verdict: 'works',
      }),
    );
  });
});

describe('one card', () => {
  it('is explained', async () => {
    const { code, stdout } = await run(['8086:24F3']);
    expect(code).toBe(0);
    const text = said(stdout);
    expect(stdout).toMatch(/^8086:24f3 {2}Intel Wireless-AC 8260\n/);
    for (const part of [
      'In a VM works: people report',
      'Why It works under wifibox, by its table on two machines. (table of cards in the README of wifibox',
      'Linux iwlmvm, with firmware of linux-firmware-intel, which the stock ISO has: iwlwifi-8000C-*.ucode.',
      'FreeBSD 802.11a/b/g from 13.0 on (if_iwm, if_iwlwifi).',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/Profiles [a-z, 0-9]*\bintel8260\b/);
    expect(text).not.toContain('Caution');
    expect(stdout.split('\n').filter((row) => row.length > 100)).toEqual([]);
  });

  it('that never works is information: exit 0', async () => {
    const { code, stdout } = await run(['17cb:1103']);
    expect(code).toBe(0);
    expect(said(stdout)).toContain('In a VM never: it cannot work; validate, build and vm_install refuse it');
    expect(said(stdout)).toContain(`Why Its driver hands the guest's interrupt address (MSI)`);
    expect(said(stdout)).toContain('FreeBSD has no driver for it. Profiles none that airhive ships');
  });

  it('with a trap has it', async () => {
    expect(said((await run(['14c3:0616'])).stdout)).toContain('Caution The reset that bhyve uses (FLR)');
  });

  it('whose firmware the ISO lacks says where it comes from', async () => {
    expect(said((await run(['8086:2725'])).stdout)).toContain(
      'which the stock ISO lacks, so build takes it out of the package: iwlwifi-ty-a0-gf-a0-*.ucode',
    );
    expect(said((await run(['168c:0030'])).stdout)).toContain('Linux ath9k, without firmware of a package.');
  });

  it('of several with one id is one of them', async () => {
    const { stdout } = await run(['8086:a0f0']);
    expect(stdout).toMatch(/^8086:a0f0 is one of 2 kinds of cards; the radio beside it decides which\.\n\n/);
    expect(stdout.match(/^8086:a0f0 {2}Intel /gm)).toHaveLength(2);
  });

  it.each([
    ['14.2', '14.2 drives it itself with 802.11a/b/g, so a VM is much faster.'],
    [
      '14.3-RELEASE-p1',
      '14.3 drives it itself with 802.11ac, so a VM brings more only where the card has 802.11ax.',
    ],
    ['13.0', '13.0 does not drive it yet.'],
  ])('in FreeBSD %s', async (version, text) => {
    expect(said((await run(['8086:2725', '--freebsd', version])).stdout)).toContain(text);
  });

  it('that is not known is unknown: exit 0, and what that means', async () => {
    const { code, stdout } = await run(['1234:5678']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1234:5678 {2}not in the table of cards\n/);
    expect(said(stdout)).toContain('unknown: neither validate nor build has anything against it');
    expect(JSON.parse((await run(['1234:5678', '--json'])).stdout)).toEqual({
      ...{ format: 1, ok: true, id: '1234:5678', known: false, verdict: 'unknown', cards: [], profiles: [] },
    });
  });

  it('with --json', async () => {
    expect(JSON.parse((await run(['8086:a0f0', '--json'])).stdout)).toMatchObject({
      ...{ format: 1, ok: true, id: '8086:a0f0', known: true, verdict: 'works' },
      cards: [{ verdict: 'works', driver: 'iwlmvm' }, { verdict: 'untested' }],
    });
  });

  it.each([
    [
      '0x24f38086',
      '"0x24f38086" is no id of a card: vendor:device, such as 8086:24f3',
      'airhive cards 8086:24f3',
    ],
    ['chip=0x24f38086', '"chip=0x24f38086" is no id of a card', 'airhive cards 8086:24f3'],
    ['0x8086:0x51f1', '"0x8086:0x51f1" is no id of a card', 'airhive cards 8086:51f1'],
    ['24f3:8086', '24f3:8086 has vendor and device swapped', 'airhive cards 8086:24f3'],
    ['iwm0', '"iwm0" is no id of a card', 'pciconf -l | airhive cards -'],
    ['', '"" is no id of a card', 'pciconf -l | airhive cards -'],
  ])('%j is none: exit 2, with the right form', async (id, message, hint) => {
    const { code, stdout, stderr } = await run([id]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(`\n  ${hint}`);
  });

  it.each(['fourteen', '14', ''])('--freebsd %j is none: exit 2', async (version) => {
    const { code, stderr } = await run(['8086:24f3', '--freebsd', version]);
    expect(code).toBe(2);
    expect(stderr).toContain('is no version of FreeBSD, such as 14.3');
  });
});

describe('a listing', () => {
  interface Device {
    readonly pci: string;
    readonly id: string;
    readonly would: string;
    readonly text: string;
    readonly verdict: string;
    readonly cards: readonly { name: string }[];
  }

  /** What would happen with each card, by --json. */
  async function devicesIn(text: string, ...argv: string[]) {
    const { stdout } = await run(['-', '--json', ...argv], text);
    return JSON.parse(stdout) as { freebsd: string | null; devices: Device[] };
  }

  it('says of each Wi-Fi card what would happen', async () => {
    const text =
      CABLE +
      line('iwm0', '4:0:0', '8086:24f3') +
      line('none3', '1:0:0', '17cb:1103') +
      line('ppt0', '2:0:0', '14c3:7922') +
      line('none4', '5:0:0', '1234:5678');
    const { code, stdout, stderr } = await run(['-'], text);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('15d7');
    expect(stdout.split('\n').filter((row) => row.length > 100)).toEqual([]);
    for (const part of [
      '4/0/0 8086:24f3 Intel Wireless-AC 8260 Now iwm0 has it In a VM it is taken; works: people report',
      'FreeBSD 802.11a/b/g from 13.0 on.',
      '1/0/0 17cb:1103 Qualcomm QCNFA765 or WCN6855 Now no driver of FreeBSD has it In a VM it is refused, because it never works: its driver',
      '2/0/0 14c3:7922 MediaTek MT7922 or AMD RZ616 Now ppt0 has it: it is kept for a guest already In a VM it is taken, with a warning: the reset',
      '5/0/0 1234:5678 a card without a name Now no driver of FreeBSD has it In a VM it is not in the table of cards: nobody knows',
    ])
      expect(said(stdout)).toContain(part);
    const { devices } = await devicesIn(text);
    expect(devices.map(({ pci, would, verdict }) => [pci, would, verdict])).toEqual([
      ['4/0/0', 'taken', 'works'],
      ['1/0/0', 'refused', 'never'],
      ['2/0/0', 'warned', 'reported'],
      ['5/0/0', 'unknown', 'unknown'],
    ]);
  });

  it('says what FreeBSD does in the release of the machine, from the option or from uname', async () => {
    const text = line('iwn0', '3:0:0', '8086:0082');
    expect((await devicesIn(text)).devices).toMatchObject([{ would: 'taken' }]);
    const warned = [
      { would: 'warned', text: expect.stringContaining('FreeBSD itself drives it with 802.11n') as string },
    ];
    expect(await devicesIn(text, '--freebsd', '14.3')).toMatchObject({ freebsd: '14.3', devices: warned });
    expect(await devicesIn(`15.0-RELEASE\n${text}`)).toMatchObject({ freebsd: '15.0', devices: warned });
    expect(said((await run(['-', '--freebsd', '14.3'], text)).stdout)).toContain(
      'FreeBSD 14.3 drives it itself with 802.11n, so a VM brings nothing more.',
    );
  });

  it.each([
    ['0x0074', ['Intel Wi-Fi 6 AX201 or AX101']],
    ['0x0234', ['Intel Wireless-AC 9560, 9461 or 9462']],
    ['0x9999', ['Intel Wi-Fi 6 AX201 or AX101', 'Intel Wireless-AC 9560, 9461 or 9462']],
  ])('lets subdevice %s decide', async (subdevice, names) => {
    const { devices } = await devicesIn(line('iwlwifi0', '0:20:3', '8086:a0f0', subdevice));
    expect(devices[0]!.cards.map(({ name }) => name)).toEqual(names);
  });

  it('refuses what is in another domain', async () => {
    const { devices } = await devicesIn(line('iwm0', '4:0:0', '8086:24f3').replace('pci0', 'pci1'));
    expect(devices).toMatchObject([
      { would: 'refused', text: expect.stringContaining('PCI domain 1') as string },
    ]);
  });

  it('without a Wi-Fi card says so', async () => {
    const { code, stdout } = await run(['-'], CABLE);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'The only device of the listing is no Wi-Fi card: that may be switched off, or on USB.\n',
    });
    expect((await run(['-'], CABLE + CABLE.replace('31:6', '31:5'))).stdout).toContain(
      'None of the 2 devices of',
    );
  });

  it('with a line that cannot be read says which', async () => {
    const { code, stderr } = await run(['-'], `${CABLE}${line('iwm0', '4:0:0', '8086:24f3').slice(0, 40)}\n`);
    expect(code).toBe(0);
    expect(stderr).toContain('standard input, line 2: iwm0@pci0:4:0:0 has ');
  });

  it.each(['', 'hello\n'])('that is none is wrong usage: %j', async (text) => {
    const { code, stdout, stderr } = await run(['-'], text);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      'there is no line of pciconf in standard input\n  pciconf -l | airhive cards -\n',
    );
  });

  it('on a terminal is waited for by nobody', async () => {
    const { code, stderr } = await run(['-']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no (listing|line of pciconf)/);
  });
});

describe('a profile with a card that never works', () => {
  const profile = (more: string) =>
    'alpine: {release: 3.24.1}\n' +
    `passthrough: [{pci: 1/0/0, id: 17cb:1103${more}}]\n` +
    'network: {host: 172.24.1.49/24, guest: 172.24.1.1}\n' +
    "host: {freebsd: '14.3'}\n";
  const REASON =
    "17cb:1103 (Qualcomm QCNFA765 or WCN6855) never works in a VM: its driver hands the guest's interrupt address (MSI)";

  it.each([
    ['validate', ['validate', './mine.yaml']],
    ['plan', ['plan', '--profile', './mine.yaml']],
    ['build', ['build', '--offline', '--profile', './mine.yaml']],
    ['lock', ['lock', '--offline', '--profile', './mine.yaml']],
  ])('is refused by %s: exit 3, with the reason, and nothing is written', async (_, argv) => {
    const cwd = folderWith({ 'mine.yaml': profile('') });
    const { code, stdout, stderr } = await runInside(argv, { root: ROOT, cwd });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(`passthrough[0].id: ${REASON}`);
    expect(stderr).toContain('write force: true to try it all the same');
    expect(readdirSync(cwd)).toEqual(['mine.yaml']);
  });

  it('is taken by force, with a warning', async () => {
    const cwd = folderWith({ 'mine.yaml': profile(', force: true') });
    const { code, stderr } = await runInside(['validate', './mine.yaml'], { root: ROOT, cwd });
    expect(code).toBe(0);
    expect(unwrapped(stderr)).toContain(`passthrough[0].id: warning: ${REASON}`);
    const built = await runInside(['build', '--offline', '--profile', './mine.yaml'], { root: ROOT, cwd });
    expect(built).toMatchObject({ code: 0, stdout: 'dist/mine/\ndist/mine.tar\ndist/mine.pkg\n' });
  });
});

it('a damaged table is a damaged airhive: exit 4', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'profiles'));
  writeFileSync(join(root, 'profiles/cards.yaml'), 'modules: []\ncards:\n  - name: x\n');
  for (const argv of [['cards'], ['cards', '--json']]) {
    const { code, stdout, stderr } = await runInside(argv, { root });
    expect(code).toBe(4);
    expect(stdout + stderr).toContain('a part of airhive is damaged: ');
  }
});
