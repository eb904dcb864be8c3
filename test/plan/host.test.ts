import { describe, expect, it } from 'vitest';
import { treeOf } from '../../generators/formats/tree.ts';
import { planGuest } from '../../generators/plan/guest.ts';
import { hostView, planHost } from '../../generators/plan/host.ts';
import type { View } from '../../generators/plan/render.ts';
import { hostTree, textAt, hostSources, VERSION } from '../fixtures/machines.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';
import { run, writeTree } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const card = (pci: string, id = '8086:24f3') => ({ pci, id });
const cardsOf = (passthrough: readonly object[]) => hostView(variant({ passthrough }), VERSION).cards as View;
const slots = (...places: string[]) => (cardsOf(places.map((pci) => card(pci))).slots as string).split(' ');

describe('the slots of the cards', () => {
  it.each([
    [['4/0/0'], ['5:0,passthru,4/0/0']],
    // A guest looks for the other functions only when there is a function 0.
    [['0/20/3'], ['5:0,passthru,0/20/3']],
    [
      ['4/0/0', '4/0/1', '4/0/3'],
      ['5:0,passthru,4/0/0', '5:1,passthru,4/0/1', '5:3,passthru,4/0/3'],
    ],
    [
      ['4/0/3', '4/0/0'],
      ['5:3,passthru,4/0/3', '5:0,passthru,4/0/0'],
    ],
    [
      ['4/0/2', '4/0/3'],
      ['5:0,passthru,4/0/2', '5:1,passthru,4/0/3'],
    ],
    [
      ['4/0/0', '6/0/0'],
      ['5:0,passthru,4/0/0', '8:0,passthru,6/0/0'],
    ],
    // Two slots of one bus are two cards, and so is one slot on two buses.
    [
      ['4/0/0', '4/1/0', '5/0/0'],
      ['5:0,passthru,4/0/0', '8:0,passthru,4/1/0', '9:0,passthru,5/0/0'],
    ],
    [
      ['4/0/0', '6/0/1', '4/0/1'],
      ['5:0,passthru,4/0/0', '8:0,passthru,6/0/1', '5:1,passthru,4/0/1'],
    ],
  ])('of %j', (places, expected) => {
    expect(slots(...places)).toEqual(expected);
  });

  it('leave 3, 4, 6 and 7 to the disks, the network and the entropy, with as many cards as there may be', () => {
    const places = [1, 2, 3, 4, 5, 6, 7, 8].map((bus) => `${bus}/0/0`);
    const taken = places.map((pci, index) => `${[5, 8, 9, 10, 11, 12, 13, 14][index]}:0,passthru,${pci}`);
    expect(slots(...places)).toEqual(taken);
  });
});

describe('hostView', () => {
  it('gives the cards in the words of every tool', () => {
    const passthrough = [
      { ...card('4/0/0'), drivers: ['if_iwm', 'if_iwlwifi'] },
      { ...card('0/20/3', '8086:A0F0'), drivers: ['if_iwlwifi'] },
    ];
    expect(cardsOf(passthrough)).toEqual({
      ids: '4/0/0=8086:24f3 0/20/3=8086:a0f0',
      slots: '5:0,passthru,4/0/0 8:0,passthru,0/20/3',
      pptdevs: '4/0/0 0/20/3',
      drivers: 'if_iwm if_iwlwifi',
      forced: '',
      needing: '8086:a0f0',
      what: '4/0/0=8086:24f3; 0/20/3=8086:a0f0',
      wanted: '',
      wantedMaker: '',
      wantedSlot: '',
    });
  });

  it('gives the card that is looked for beside those with a place', () => {
    const passthrough = [
      { pci: 'auto', id: ['8086:24f3', '8086:24f4'], force: true },
      card('0/20/3', '8086:a0f0'),
    ];
    expect(cardsOf(passthrough)).toEqual({
      ids: '0/20/3=8086:a0f0',
      slots: '5:0,passthru,0/20/3',
      pptdevs: '0/20/3',
      drivers: '',
      forced: '8086:24f3 8086:24f4',
      needing: '8086:a0f0',
      what: '0/20/3=8086:a0f0; 8086:24f3 or 8086:24f4, where vm_install finds it',
      wanted: '8086:24f3 8086:24f4',
      wantedMaker: '',
      wantedSlot: '8:0',
    });
  });

  it('gives the URLs of the ISO in the order of the mirrors', () => {
    const mirrors = ['http://b.example/alpine', 'http://a.example'];
    const view = hostView(variant({ alpine: { release: '3.24.1', mirrors } }), VERSION);
    const path = 'v3.24/releases/x86_64/alpine-standard-3.24.1-x86_64.iso';
    expect(view.isoUrls).toBe(mirrors.map((mirror) => `${mirror}/${path}`).join(' '));
  });
});

const variants = Object.entries(VARIANTS).map(([name, profile]) => ({
  name,
  profile,
  tree: hostTree(profile),
}));

describe.each(variants)('the host of $name', ({ profile, tree }) => {
  it('is rendered whole', () => {
    for (const entry of tree) {
      expect(entry.path).not.toContain('.mustache');
      if (entry.type === 'file')
        expect(Buffer.from(entry.bytes).toString(), entry.path).not.toMatch(/\{\{|\}\}/);
    }
  });

  it('has the files of design', () => {
    expect(tree.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'README.txt',
        'device.map',
        'grub.cfg',
        'man/airhive-profile.5',
        'man/airhive.1',
        'man/airhive.8',
        'snippets/loader.conf',
        'snippets/rc.conf',
        'snippets/resolvconf.conf',
        'snippets/sysctl.conf',
        'vm.conf',
        'vm_fetch',
        'vm_kill',
        'vm_run',
      ]),
    );
    expect(treeOf(tree)).toEqual(tree);
  });

  it('makes executable what is run, and nothing else', () => {
    for (const entry of tree) {
      if (entry.type !== 'file') continue;
      const isScript = Buffer.from(entry.bytes).toString().startsWith('#!');
      expect([entry.path, entry.mode]).toEqual([entry.path, isScript ? 0o755 : 0o644]);
    }
  });

  it('is for these cards, this ISO and this network', () => {
    const { release, network, machine, passthrough } = profile;
    const placed = passthrough.filter(({ place }) => place !== undefined);
    const settings = {
      ISO_SHA256: release.sha256,
      ISO_SIZE: release.size,
      ISO_FILE: release.file,
      VM_MEMORY: machine.memory,
      VM_LOADER: machine.loader,
      VM_CONSOLE: machine.console,
      NET_TAP: network.tap,
      NET_GUEST: network.guest,
      CARDS: placed.map(({ pci, ids }) => `${pci}=${ids.join()}`).join(' '),
    };
    const print = `. "$1"; printf '%s\\n' ${Object.keys(settings)
      .map((name) => `"$${name}"`)
      .join(' ')}`;
    const printed = run('sh', ['-euc', print, 'sh', `${writeTree(tree)}/vm.conf`]).toString();
    expect(printed).toBe(`${Object.values(settings).join('\n')}\n`);
    expect(textAt(tree, 'device.map')).toBe(`(cd0) ${profile.host.directory}/iso/${release.file}\n`);
    expect(textAt(tree, 'grub.cfg')).toContain(' console=ttyS0,115200');
    if (placed.length === passthrough.length)
      expect(textAt(tree, 'snippets/loader.conf')).toContain(
        `\npptdevs="${placed.map(({ pci }) => pci).join(' ')}"\n`,
      );
  });

  it.skipIf(!hasTool('shellcheck'))('has settings that are clean under shellcheck (needs shellcheck)', () => {
    run('shellcheck', ['-s', 'sh', `${writeTree(tree)}/vm.conf`]);
  });
});

describe('planHost', () => {
  it('gives templates every key of the profile by its group, without a line for it anywhere', () => {
    const keys = (value: object, group: string): string[] =>
      Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
        if (typeof inner === 'string' || typeof inner === 'number')
          return [`${group}${key}={{${group}${key}}}`];
        const isGroup = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
        return isGroup ? keys(inner, `${group}${key}.`) : [];
      });
    const { name, text: whole, ...groups } = VARIANTS.everything!;
    const lines = keys(groups, '');
    expect(lines.length).toBeGreaterThan(30);
    const overlay = [{ path: 'x.mustache', bytes: Buffer.from(lines.join('\n')) }];
    const text = textAt(
      planHost({ name, text: whole, ...groups }, { ...hostSources, overlay }, VERSION),
      'x',
    );
    expect(text).toContain('network.ipv6.guest=fd12:3456:789a:1::1\n');
    expect(text).toContain('host.freebsd.text=15.1\n');
    expect(textAt(planGuest(VARIANTS.everything!, overlay, VERSION), 'x')).toBe(text);
  });

  it.each([
    [0, 'January 1, 1970'],
    [1781308800, 'June 13, 2026'],
    [1798761599, 'December 31, 2026'],
  ])('gives the page of the profile the date of the release, whatever the time zone is: %i', (date, day) => {
    const { release, ...rest } = VARIANTS.intel8260!;
    const overlay = [{ path: 'man/airhive-profile.5', bytes: Buffer.from('.Dd May 1, 2025\n.Dt X 5\n') }];
    const tree = planHost({ ...rest, release: { ...release, date } }, { ...hostSources, overlay }, VERSION);
    expect(textAt(tree, 'man/airhive-profile.5')).toBe(`.Dd ${day}\n.Dt X 5\n`);
  });

  it('has no value in vm.conf that no script reads', () => {
    const tree = hostTree(VARIANTS.everything!);
    const names = [...textAt(tree, 'vm.conf').matchAll(/^([A-Z_0-9]+)=/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(20);
    const scripts = tree.filter(({ path }) => /^(vm_|lib\/|rc\.d\/)/.test(path));
    const texts = scripts.map(({ path }) => textAt(tree, path)).join('\n');
    expect(names.filter((name) => !RegExp(`\\$\\{?${name}\\b`).test(texts))).toEqual([]);
  });

  it('uses no name that the view lacks', () => {
    const overlay = [{ path: 'vm.conf.mustache', bytes: Buffer.from('{{lan}}') }];
    const sources = { ...hostSources, overlay };
    expect(() => planHost(VARIANTS.intel8260!, sources, VERSION)).toThrow(
      'template vm.conf: "lan" is not a name',
    );
  });
});
