import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { runInside, typed } from './command.ts';

/** The airhive of this checkout, with the table that is shipped. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const CARD =
  'iwm0@pci0:4:0:0:\tclass=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x0130\n';
const SECOND =
  'none1@pci0:5:0:0:\tclass=0x028000 rev=0x00 hdr=0x00 vendor=0x14c3 device=0x7961 subvendor=0x17aa subdevice=0xe0bc\n';
const NEVER =
  'none3@pci0:1:0:0:\tclass=0x028000 rev=0x01 hdr=0x00 vendor=0x17cb device=0x1103 subvendor=0x17aa subdevice=0x9309\n';
const UNKNOWN =
  'none4@pci0:7:0:0:\tclass=0x028000 rev=0x01 hdr=0x00 vendor=0x1234 device=0x5678 subvendor=0x17aa subdevice=0x9309\n';
const CABLE =
  'em0@pci0:0:31:6:\tclass=0x020000 rev=0x21 hdr=0x00 vendor=0x8086 device=0x15d7 subvendor=0x17aa subdevice=0x2238\n';
/** The pins are written with the newest first. */
function newestPin(): string {
  const pins = parse(readFileSync(join(ROOT, 'profiles/releases.yaml'), 'utf8')) as { release: string }[];
  return pins[0]!.release;
}

const UNAME = '14.3-RELEASE-p2\n';

interface Profile {
  readonly alpine: { readonly release: string; readonly flavor: string };
  readonly machine: { readonly loader: string };
  readonly passthrough: readonly { pci: string; id: string; drivers?: string[]; firmware?: string }[];
  readonly network: Readonly<Record<'bridge' | 'tap' | 'host' | 'guest', string>>;
  readonly wifi: { readonly country: string };
  readonly ssh: { readonly reverse: boolean };
  readonly host: { readonly freebsd: string; readonly directory?: string; readonly retire?: string[] };
}

/** Runs init with this text on standard input; its profile, read as YAML. */
async function init(text: string, ...argv: string[]) {
  const ended = await runInside(['init', '-', ...argv], { root: ROOT, stdin: typed(text) });
  return { ...ended, profile: parse(ended.stdout) as Profile };
}

describe('a profile from a listing', () => {
  it('names place, id, drivers and what to retire, and the defaults of the rest', async () => {
    const { code, stderr, stdout, profile } = await init(CABLE + CARD + UNAME);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(profile).toEqual({
      alpine: { release: newestPin(), flavor: 'standard' },
      machine: { loader: 'grub' },
      passthrough: [{ pci: '4/0/0', id: '8086:24f3', drivers: ['if_iwm', 'if_iwlwifi'], firmware: 'auto' }],
      network: { bridge: 'bridge0', tap: 'tap0', host: '172.24.1.49/24', guest: '172.24.1.1' },
      wifi: { country: '00' },
      ssh: { reverse: false },
      firewall: { only: 'trusted' },
      host: { freebsd: '14.3', retire: ['wlans_iwm0', 'wlans_iwlwifi0'] },
    });
    expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
    expect(stdout).toContain('# In a guest: works. ');
    expect(stdout).toContain('# FreeBSD 14.3 drives it itself with 802.11a/b/g, so a VM is much faster.');
    expect(stdout).toContain('which was iwm0@pci0:4:0:0.');
  });

  it('takes every option', async () => {
    const { code, profile } = await init(
      CARD + SECOND + UNAME,
      ...['--card', '5/0/0', '--freebsd', '15.0', '--country', 'NO', '--reverse-ssh', 'yes'],
      ...['--loader', 'uefi', '--directory', '/vm/airhive'],
    );
    expect(code).toBe(0);
    expect(profile).toMatchObject({
      machine: { loader: 'uefi' },
      passthrough: [{ pci: '5/0/0', id: '14c3:7961' }],
      wifi: { country: 'NO' },
      ssh: { reverse: true },
      host: { freebsd: '15.0', directory: '/vm/airhive' },
    });
  });

  it('with --auto names no place, nor what follows from the card', async () => {
    const { code, profile } = await init(CARD + UNAME, '--auto');
    expect(code).toBe(0);
    expect(profile.passthrough).toEqual([{ pci: 'auto', id: '8086:24f3' }]);
    expect(profile.host).toEqual({ freebsd: '14.3' });
  });

  it.each(['4/0/0', 'pci0:4:0:0', 'pci0:4:0:0:', 'iwm0@pci0:4:0:0:', '4:0:0'])('--card %s', async (place) => {
    const { profile } = await init(SECOND + CARD + UNAME, '--card', place);
    expect(profile.passthrough[0]!.pci).toBe('4/0/0');
  });

  it.each(['14.3', '14.3-RELEASE', '14.3-RELEASE-p2', 'FreeBSD 14.3-STABLE'])(
    '--freebsd %s',
    async (given) => {
      const { profile } = await init(`${CARD}13.2-RELEASE\n`, '--freebsd', given);
      expect(profile.host.freebsd).toBe('14.3');
    },
  );

  it('a card on ppt has the drivers of the table', async () => {
    const { profile } = await init(CARD.replace('iwm0', 'ppt0') + UNAME);
    expect(profile.passthrough[0]!.drivers).toEqual(['if_iwm', 'if_iwlwifi']);
    expect(profile.host.retire).toEqual(['wlans_iwm0', 'wlans_iwlwifi0']);
  });

  it('the number that FreeBSD gave the card, and a driver that the table does not have for it', async () => {
    expect((await init(CARD.replace('iwm0', 'iwm1') + UNAME)).profile.host.retire).toEqual([
      'wlans_iwm1',
      'wlans_iwlwifi0',
    ]);
    const { profile, stderr } = await init(CARD.replace('iwm0', 'iwx0') + UNAME);
    expect(stderr).toBe('');
    expect(profile.passthrough[0]!.drivers).toEqual(['if_iwm', 'if_iwlwifi']);
    expect(profile.host.retire).toEqual(['wlans_iwx0', 'wlans_iwm0', 'wlans_iwlwifi0']);
    const undriven = CARD.replace('0x24f3', '0x43a3').replace('vendor=0x8086', 'vendor=0x14e4');
    const { profile: other } = await init(undriven.replace('iwm0', 'bwn_pci0') + UNAME);
    expect(other.passthrough[0]!.drivers).toEqual([expect.stringMatching(/^if_bwn/)]);
    expect(other.host.retire).toEqual(['wlans_bwn0']);
  });

  it.each([
    ['none12', ['wlans_iwm0', 'wlans_iwlwifi0']],
    ['ppt10', ['wlans_iwm0', 'wlans_iwlwifi0']],
    ['iwm10', ['wlans_iwm10', 'wlans_iwlwifi0']],
  ])('%s, a number of two digits', async (driver, retire) => {
    const { profile, stderr } = await init(CARD.replace('iwm0', driver) + UNAME);
    expect(stderr).toBe('');
    expect(profile.passthrough[0]!.drivers).toEqual(['if_iwm', 'if_iwlwifi']);
    expect(profile.host.retire).toEqual(retire);
  });

  it('a driver that nobody knows is said', async () => {
    const { code, stderr, profile } = await init(CARD.replace('iwm0', 'iwnew0') + UNAME);
    expect(code).toBe(0);
    expect(stderr).toContain('warning: which kernel module iwnew0 belongs to is not known');
    expect(profile.host.retire).toEqual(['wlans_iwnew0', 'wlans_iwm0', 'wlans_iwlwifi0']);
  });

  it('addresses and names that are free on that machine', async () => {
    const ifconfig =
      'bridge0: flags=8843<UP> metric 0 mtu 1500\n\tinet 172.24.1.3 netmask 0xffffff00 broadcast 172.24.1.255\n';
    const { profile, stdout } = await init(UNAME + ifconfig + CARD);
    expect(profile.network).toEqual({
      bridge: 'bridge1',
      tap: 'tap0',
      host: '172.24.2.49/24',
      guest: '172.24.2.1',
    });
    expect(stdout).toContain('# Not the usual 172.24.1.0/24: this machine has 172.24.1.0/24.');
  });

  it('the country that FreeBSD was told, unless an option says another one', async () => {
    const wlan = 'wlan0: flags=8843<UP> metric 0 mtu 1500\n\tregdomain ETSI country DE authmode WPA2\n';
    expect((await init(CARD + UNAME + wlan)).profile.wifi.country).toBe('DE');
    expect((await init(CARD + UNAME + wlan, '--country', 'FR')).profile.wifi.country).toBe('FR');
    expect((await init(CARD + UNAME + wlan.replace('DE', 'XX'))).profile.wifi.country).toBe('00');
  });

  it('with --json one document, and no question', async () => {
    const ended = await runInside(['init', '--json'], {
      root: ROOT,
      stdin: typed(CARD + UNAME),
      openTerminal: () => Promise.reject(new Error('nobody is there')),
    });
    expect(ended.stderr).toBe('');
    const { profile, ...rest } = JSON.parse(ended.stdout) as { profile: string };
    expect(rest).toMatchObject({
      ok: true,
      file: null,
      card: { pci: '4/0/0', id: '8086:24f3', verdict: 'works' },
      freebsd: '14.3',
    });
    expect(parse(profile)).toMatchObject({ passthrough: [{ pci: '4/0/0' }] });
  });
});

describe('what cannot be a profile', () => {
  it.each<[string, string, string[], number, RegExp]>([
    [
      'a card that never works',
      NEVER + UNAME,
      [],
      3,
      /^error: Qualcomm .*\(17cb:1103 at 1\/0\/0\) does not work in a guest: .*interrupt/,
    ],
    [
      'a card that the table does not have',
      UNKNOWN + UNAME,
      [],
      3,
      /card 1234:5678 \(1234:5678 at 7\/0\/0\) is not in the table of cards/,
    ],
    [
      'a card in another domain',
      CARD.replace('pci0', 'pci1') + UNAME,
      [],
      3,
      /cannot be passed to a guest: it is in PCI domain 1/,
    ],
    [
      'several cards',
      CARD + SECOND + UNAME,
      [],
      2,
      /there are several Wi-Fi cards: 4\/0\/0 is Intel .*works\); 5\/0\/0 is MediaTek .*\n {2}name one: --card 4\/0\/0/,
    ],
    [
      'the listings of two machines',
      CARD + SECOND.replace('pci0:5:', 'pci0:4:') + UNAME,
      ['--card', '4/0/0'],
      2,
      /--card: there are two cards at 4\/0\/0, so the input is of two machines/,
    ],
    [
      'several, of which one never works',
      NEVER + CARD + UNAME,
      [],
      2,
      /1\/0\/0 is Qualcomm .*never\); 4\/0\/0 .*\n {2}name one: --card 4\/0\/0/,
    ],
    [
      'several that never work',
      NEVER + NEVER.replace(':1:', ':2:') + UNAME,
      [],
      3,
      /at 1\/0\/0\) does not.*at 2\/0\/0\) does not/,
    ],
    [
      'one that never works, chosen',
      NEVER + CARD + UNAME,
      ['--card', '1/0/0'],
      3,
      /does not work in a guest/,
    ],
    [
      'no card at the place',
      CARD + UNAME,
      ['--card', '9/0/0'],
      2,
      /--card: there is no Wi-Fi card at "9\/0\/0": 4\/0\/0 is Intel/,
    ],
    [
      'no Wi-Fi card',
      CABLE + UNAME,
      [],
      2,
      /there is no Wi-Fi card among the 1 device in standard input\n {2}.*whole output of pciconf -lv/,
    ],
    ['no listing', UNAME, [], 2, /there is no line of pciconf in standard input\n {2}run pciconf -lv/],
    ['nothing', '', [], 2, /there is no line of pciconf/],
    [
      'a listing that was cut off',
      CARD.slice(0, CARD.indexOf('24f3') + 2),
      [],
      2,
      /standard input, line 1: iwm0@pci0:4:0:0 has device=0x24[^]*there is no line of pciconf/,
    ],
    [
      'no version',
      CARD,
      [],
      2,
      /standard input does not say which FreeBSD it is from\n {2}add --freebsd VERSION/,
    ],
    [
      'two versions',
      `${CARD}14.3-RELEASE\n14.2-RELEASE\n`,
      [],
      2,
      /names several versions of FreeBSD: 14\.3, 14\.2\n {2}add --freebsd/,
    ],
    [
      'a version that is not supported',
      `${CARD}16.0-CURRENT\n`,
      [],
      3,
      /host\.freebsd: FreeBSD 16\.0 is not supported.*nothing was written/,
    ],
    ['an old one', `${CARD}12.4-RELEASE\n`, [], 3, /FreeBSD 12\.4 is not supported/],
    ['a version that is none', CARD, ['--freebsd', 'new'], 2, /--freebsd: "new" is no version of FreeBSD/],
    ['a country that is none', CARD + UNAME, ['--country', 'XX'], 2, /--country: "XX" is no country/],
    ['the United Kingdom', CARD + UNAME, ['--country', 'UK'], 2, /is GB/],
    [
      'a directory that is none',
      CARD + UNAME,
      ['--directory', 'vm: x'],
      2,
      /host\.directory: has to be an absolute path/,
    ],
    ['an answer that is none', CARD + UNAME, ['--reverse-ssh', 'perhaps'], 2, /Allowed choices are yes, no/],
    ['a loader that is none', CARD + UNAME, ['--loader', 'lilo'], 2, /Allowed choices are grub, uefi/],
  ])('%s', async (_, text, argv, code, message) => {
    const ended = await init(text, ...argv);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });
});

describe('--out', () => {
  it('writes the file, and says what is next', async () => {
    const cwd = temporaryFolder();
    const listing = { root: ROOT, cwd, stdin: typed(CARD + UNAME) };
    const ended = await runInside(['init', '--out', 'mine.yaml'], listing);
    expect(ended).toEqual({
      code: 0,
      stdout: 'mine.yaml\n',
      stderr: 'next: airhive build --profile ./mine.yaml\n',
    });
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe(
      (await init(CARD + UNAME)).stdout.replace(/\$schema=\S+/, schemaIn(join(cwd, 'mine.yaml')).line),
    );
    expect((await runInside(['validate', './mine.yaml'], { root: ROOT, cwd })).stdout).toBe(
      'mine.yaml: ok\n',
    );
  });

  it('leaves what is there as it is, be it a link that leads nowhere', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'mine.yaml'), 'mine');
    mkdirSync(join(cwd, 'directory'));
    symlinkSync('nowhere', join(cwd, 'link.yaml'));
    for (const out of ['mine.yaml', 'directory', 'link.yaml']) {
      const { code, stdout, stderr } = await runInside(['init', '--out', out], {
        root: ROOT,
        cwd,
        stdin: typed(CARD + UNAME),
      });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`${out} is there already, and is not overwritten`);
    }
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe('mine');
    expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  });

  it.each([
    ['My Laptop.yaml', 2, /the name of a profile has to be of/],
    ['nowhere/mine.yaml', 7, /cannot write nowhere\/mine\.yaml: no such file or directory/],
  ])('refuses %s', async (out, code, message) => {
    const ended = await runInside(['init', '--out', out], {
      root: ROOT,
      stdin: typed(CARD + UNAME),
    });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(message);
  });

  it.each([CARD, NEVER + UNAME, CARD + SECOND + UNAME])(
    'writes nothing when there is no profile',
    async (text) => {
      const cwd = temporaryFolder();
      const { code } = await runInside(['init', '--out', 'mine.yaml'], {
        root: ROOT,
        cwd,
        stdin: typed(text),
      });
      expect(code).not.toBe(0);
      expect(existsSync(join(cwd, 'mine.yaml'))).toBe(false);
    },
  );
});

/** What the comment for editors says, and the file that it means. */
function schemaIn(file: string): { line: string; path: string } {
  const [, address = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(file, 'utf8'))!;
  const path = address.startsWith('file:') ? fileURLToPath(address) : resolve(dirname(file), address);
  return { line: `$schema=${address}`, path };
}

describe('the schema line', () => {
  it.each(['mine.yaml', 'deep/er/mine.yaml', 'with space/mine.yaml'])(
    'leads from %s to the schema',
    async (out) => {
      const cwd = temporaryFolder();
      mkdirSync(dirname(join(cwd, out)), { recursive: true });
      await runInside(['init', '--out', out], { root: ROOT, cwd, stdin: typed(CARD + UNAME) });
      const { line, path } = schemaIn(join(cwd, out));
      expect(path).toBe(join(ROOT, 'profiles/profile.schema.json'));
      expect(line).toContain('$schema=..');
    },
  );

  it('is a whole path on standard output, and an address when there is a space in it', async () => {
    const { stdout } = await init(CARD + UNAME);
    expect(stdout.split('\n')[0]).toBe(
      `# yaml-language-server: $schema=${join(ROOT, 'profiles/profile.schema.json')}`,
    );
    const spaced = join(temporaryFolder(), 'my airhive');
    symlinkSync(ROOT, spaced);
    const ended = await runInside(['init'], { root: spaced, stdin: typed(CARD + UNAME) });
    const schema = pathToFileURL(join(spaced, 'profiles/profile.schema.json')).href;
    expect(ended.stdout.split('\n')[0]).toBe(`# yaml-language-server: $schema=${schema}`);
    expect(schema).toContain('%20');
  });
});
