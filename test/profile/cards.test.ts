import { stringify } from 'yaml';
import { describe, expect, test } from 'vitest';
import {
  encodeHostTable,
  firmwarePackage,
  idsOf,
  narrow,
  nativeMode,
  parseTable,
  tableOf,
  verdictOf,
  wantedFirmware,
} from '../../generators/profile/cards.ts';
import { MAKERS } from '../../generators/profile/schema.ts';
import { cards } from '../fixtures/profiles.ts';
import { complaints, lineOf, profileYaml, readShipped, resolveText } from './example.ts';

const modules = [
  { module: 'if_iwlwifi', device: 'iwlwifi' },
  { module: 'if_iwx', device: 'iwx' },
];
const card = {
  name: 'Intel Wi-Fi 6E AX210',
  maker: 'intel',
  ids: ['8086:2725'],
  driver: 'iwlmvm',
  package: 'linux-firmware-intel',
  iso: 'no',
  firmware: ['iwlwifi-ty-a0-gf-a0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm'],
  freebsd: ['if_iwlwifi'],
  native: [
    { from: '13.1', mode: '11g' },
    { from: '14.3', mode: '11ac' },
  ],
  verdict: 'works',
  reason: 'It works.',
  source: 'a report',
};

const tableText = (...entries: unknown[]) =>
  stringify({ modules, cards: entries }, { aliasDuplicateObjects: false });

function problems(...entries: unknown[]): string[] {
  const { table, diagnostics } = parseTable({ file: 'cards.yaml', text: tableText(...entries) });
  expect(table === undefined).toBe(diagnostics.length > 0);
  return diagnostics.map((found) => lineOf(found).replace(/^[0-9:]+ /, ''));
}

/** What is taken for a card with this id. */
function wanted(id: string, firmware: unknown = 'auto', table = cards) {
  return wantedFirmware(table.withId(id), firmware as 'auto');
}

const text = readShipped('cards.yaml');
const shipped = tableOf({ file: 'cards.yaml', text });

describe('the shipped table', () => {
  const all = parseTable({ file: 'cards.yaml', text }).table?.cards ?? [];

  test('is one', () => {
    expect(parseTable({ file: 'cards.yaml', text }).diagnostics).toEqual([]);
    expect(shipped.all).toEqual(all);
    expect(new Set(all.flatMap(idsOf)).size).toBeGreaterThanOrEqual(134);
  });

  test('has the cards that stock ISOs have no firmware for', () => {
    expect(wanted('8086:2725', 'auto', shipped)).toEqual([
      {
        package: 'linux-firmware-intel',
        files: ['iwlwifi-ty-a0-gf-a0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm'],
      },
    ]);
    for (const id of ['8086:a0f0', '8086:51f0', '8086:272b', '8086:a840', '1814:3290', '168c:0042'])
      expect(wanted(id, 'auto', shipped), id).toMatchObject([{ files: expect.any(Array) as unknown }]);
    expect(wanted('1814:3290', 'auto', shipped)).toEqual([
      { package: 'linux-firmware-other', files: ['rt3290.bin'] },
    ]);
  });

  test.each(['8086:24f3', '8086:2723', '10ec:b852', '14c3:0616', '168c:003e'])(
    'takes nothing for %s, unless always',
    (id) => {
      expect(wanted(id, 'auto', shipped)).toEqual([]);
      expect(wanted(id, 'always', shipped)).toHaveLength(1);
    },
  );

  test.each(['168c:0030', '14e4:43a0', '14e4:4315', '14e4:4464'])('has no firmware for %s', (id) => {
    expect(wanted(id, 'always', shipped)).toEqual([]);
    expect(shipped.withId(id)).toHaveLength(1);
  });

  test('names every file as a driver does: not where it is stored', () => {
    const files = all.flatMap(({ firmware = [] }) => firmware);
    expect(files.filter((file) => /\.(zst|xz)$|^intel\/|^cypress\//.test(file))).toEqual([]);
  });

  test('says of each id the same when only its entries are read', () => {
    const fresh = tableOf({ file: 'cards.yaml', text });
    for (const id of new Set(all.flatMap(idsOf))) {
      const entries = all.filter((card) => idsOf(card).includes(id));
      expect(fresh.withId(id), id).toEqual(entries);
      // Read once, and still the same.
      expect(fresh.withId(id), id).toEqual(entries);
    }
    expect(fresh.withId('8086:ffff')).toEqual([]);
    expect(fresh.withId('ids')).toEqual([]);
  });

  test('says of each maker the same when only its entries are read', () => {
    const makers = MAKERS.map((maker) => tableOf({ file: 'cards.yaml', text }).ofMaker(maker));
    expect(makers).toEqual(MAKERS.map((maker) => all.filter((card) => card.maker === maker)));
    for (const entries of makers) expect(entries).not.toEqual([]);
  });

  // Each of these has been seen to fail, or cannot be driven by what Alpine has.
  test.each([
    ...['17cb:1101', '17cb:1103', '17cb:1104', '17cb:1107', '17cb:1109', '17cb:1112'],
    ...['14e4:43a0', '14e4:43b1', '14e4:4365', '14e4:4315', '14e4:4331', '14e4:4359'],
    ...['14e4:43dc', '14e4:4464', '14e4:4488', '14e4:4425', '14c3:7902'],
  ])('says never of %s', (id) => expect(verdictOf(shipped.withId(id))).toBe('never'));

  test('says never of no other', () => {
    const never = all.filter(({ verdict }) => verdict === 'never').flatMap(idsOf);
    expect(never).toHaveLength(17);
  });

  test('has a source and one sentence for each verdict and caution', () => {
    for (const { name, reason, source, caution } of all) {
      for (const said of [reason, ...(caution === undefined ? [] : [caution])])
        expect(said, name).toMatch(/^[A-Z][^]*\.$/);
      expect([name, source.length > 5, source.endsWith('.')]).toEqual([name, true, false]);
    }
    for (const { name, verdict, reason } of all)
      expect([name, verdict === 'untested' && /\bworks\b/.test(reason)]).toEqual([name, false]);
  });

  test('says that FreeBSD drives a 9560 slowly, whatever shares its id', () => {
    const modes = all
      .filter(({ name }) => name.includes('9560'))
      .map((card) => nativeMode(card, { major: 15, minor: 0 }));
    expect(modes.length).toBeGreaterThan(3);
    expect(new Set(modes)).toEqual(new Set(['11g']));
  });

  test('warns of the cards with a known trap', () => {
    const cautious = all.filter(({ caution }) => caution !== undefined).flatMap(idsOf);
    for (const id of ['14c3:0616', '14c3:7922', '14e4:43ba', '8086:e440']) expect(cautious).toContain(id);
    expect(cautious).not.toContain('8086:24f3');
  });

  test('has a name for every module of a card, and no two cards that a subdevice cannot tell apart', () => {
    for (const { freebsd, name } of all)
      expect([name, shipped.devicesOf(freebsd).length > 0]).toEqual([name, freebsd.length > 0]);
    for (const id of new Set(all.flatMap(idsOf))) {
      const decided = shipped.withId(id).flatMap(({ subsystems = [] }) => subsystems);
      expect([id, new Set(decided).size]).toEqual([id, decided.length]);
    }
  });

  test.each([
    ['02f0', '0070', 'AX201'],
    ['02f0', '0234', '9560'],
    ['a0f0', '0074', 'AX201'],
    ['06f0', '1651', 'AX201'],
    ['34f0', '1552', '9560'],
  ])('8086:%s with subdevice %s is an %s', (device, subdevice, name) => {
    const [found, ...more] = narrow(shipped.withId(`8086:${device}`), subdevice);
    expect(found?.name).toContain(name);
    expect(more).toEqual([]);
  });

  test('that was damaged is a part of airhive that is', () => {
    const damaged = tableOf({ file: 'cards.yaml', text: text.replaceAll('iso:', 'osi:') });
    expect(() => damaged.withId('8086:2725')).toThrow('a part of airhive is damaged: cards.yaml');
    expect(() => damaged.all).toThrow('a part of airhive is damaged: cards.yaml');
    const beheaded = tableOf({ file: 'cards.yaml', text: text.replace('modules:', 'moduls:') });
    expect(() => beheaded.modules).toThrow('a part of airhive is damaged: cards.yaml');
  });
});

describe('what is known of a card', () => {
  const read = (...entries: object[]) => tableOf({ file: 'cards.yaml', text: tableText(...entries) });
  const first = { ...card, subsystems: ['0070'] };
  const second = { ...card, name: 'Another', subsystems: ['0030'], verdict: 'never' };
  const third = { ...card, name: 'A third' };

  test('a subdevice decides, and one that none has does not', () => {
    const all = read(first, second).withId('8086:2725');
    expect(narrow(all, '0030').map(({ name }) => name)).toEqual(['Another']);
    expect(narrow(all, '0070').map(({ name }) => name)).toEqual(['Intel Wi-Fi 6E AX210']);
    expect(narrow(all, '1234')).toEqual(all);
    expect(narrow(all)).toEqual(all);
    expect(narrow([])).toEqual([]);
    expect(narrow(read(first, third).all, '0030')).toHaveLength(2);
  });

  test.each([
    ['13.0', undefined],
    ['13.1', '11g'],
    ['13.5', '11g'],
    ['14.2', '11g'],
    ['14.3', '11ac'],
    ['15.0', '11ac'],
    ['12.9', undefined],
  ])('in FreeBSD %s: %s', (version, mode) => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    expect(nativeMode(read(card).all[0]!, { major, minor })).toBe(mode);
  });

  test('the verdict on several is the best of them', () => {
    const verdicts = (...of: string[]) =>
      verdictOf(read(...of.map((verdict, index) => ({ ...card, name: `${index}`, verdict }))).all);
    expect(verdicts('never')).toBe('never');
    expect(verdicts('never', 'untested')).toBe('untested');
    expect(verdicts('untested', 'works', 'never')).toBe('works');
    expect(verdicts('untested', 'reported')).toBe('reported');
    expect(verdictOf([])).toBe('untested');
  });

  test('modules and what they call a card', () => {
    const table = read(card);
    expect([...table.modules]).toEqual(['if_iwlwifi', 'if_iwx']);
    expect(table.devicesOf(['if_iwx', 'if_iwlwifi', 'if_iwx', 'other'])).toEqual(['iwx', 'iwlwifi']);
    expect(shipped.devicesOf(['if_ath_pci', 'if_ath'])).toEqual(['ath']);
  });
});

describe('the table for the host', () => {
  const encoded = encodeHostTable(shipped);
  const lines = encoded.split('\n');
  const rows = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));

  test('has a line for each id of each card, with nine columns of which none is empty', () => {
    expect(encoded.endsWith('\n')).toBe(true);
    expect(encoded).toMatch(/^[\n\t -~]*$/);
    expect(rows.map(([id]) => id)).toEqual(shipped.all.flatMap(idsOf));
    for (const row of rows) expect([row[0], row.length, row.includes('')]).toEqual([row[0], 9, false]);
  });

  test('says what the cards do', () => {
    const rowOf = (id: string) => rows.filter((row) => row[0] === id);
    expect(rowOf('8086:24f3')).toEqual([
      [
        ...['8086:24f3', '-', 'intel', 'works', 'if_iwm if_iwlwifi', 'wlans_iwm0 wlans_iwlwifi0'],
        ...['13.0=11g', 'Intel Wireless-AC 8260', '-'],
      ],
    ]);
    expect(rowOf('14c3:0616')[0]!.slice(4, 7)).toEqual(['-', '-', '-']);
    expect(rowOf('14c3:0616')[0]![8]).toBe(shipped.withId('14c3:0616')[0]!.caution);
    expect(rowOf('17cb:1103')[0]!.slice(3)).toEqual([
      ...['never', '-', '-', '-', 'Qualcomm QCNFA765 or WCN6855'],
      shipped.withId('17cb:1103')[0]!.reason,
    ]);
    const [hr, jf] = rowOf('8086:a0f0');
    expect([hr![1], hr![6], jf![1]]).toEqual([
      expect.stringMatching(/^0070 0074 /) as string,
      '13.1=11g 14.3=11ac',
      expect.stringMatching(/^0030 /) as string,
    ]);
  });
});

describe('what is wanted', () => {
  test('of an id that several cards share: all of them', () => {
    const hr = ['iwlwifi-QuZ-a0-hr-b0-*.ucode', 'iwlwifi-Qu-c0-hr-b0-*.ucode'];
    expect(wanted('8086:a0f0')).toEqual([{ package: 'linux-firmware-intel', files: hr }]);
    expect(wanted('8086:a0f0', 'always')).toEqual([
      { package: 'linux-firmware-intel', files: [...hr, 'iwlwifi-QuZ-a0-jf-b0-*.ucode'] },
    ]);
  });

  test('of a card that is not known, or of one the ISO has: nothing; of one that may be there: all', () => {
    expect(wanted('ffff:ffff')).toEqual([]);
    expect(wanted('ffff:ffff', 'always')).toEqual([]);
    expect(wanted('8086:24f3')).toEqual([]);
    expect(wanted('168c:0042')).toHaveLength(1);
    expect(wanted('168c:0042', 'none')).toEqual([]);
  });

  test('of a list: just that, by package, in its order', () => {
    expect(wanted('8086:2725', ['rt3290.bin', 'brcm/b.bin', 'iwlwifi-1.ucode', 'brcm/a.bin'])).toEqual([
      { package: 'linux-firmware-other', files: ['rt3290.bin'] },
      { package: 'linux-firmware-brcm', files: ['brcm/b.bin', 'brcm/a.bin'] },
      { package: 'linux-firmware-intel', files: ['iwlwifi-1.ucode'] },
    ]);
  });

  test.each([
    ['iwlwifi-ty-a0-gf-a0.pnvm', 'intel'],
    ['intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm', 'intel'],
    ['mt7662.bin', 'mediatek'],
    ['rt2860.bin', 'other'],
    ['rtw89/a-*.bin|rtw89/a.bin', 'rtw89'],
    ['RTL8192E/boot.img', 'rtl8192e'],
    ['ath10k/QCA6174/hw3.0/board.bin', 'ath10k'],
  ])('%s is in linux-firmware-%s', (file, name) =>
    expect(firmwarePackage(file)).toBe(`linux-firmware-${name}`),
  );
});

describe('the key of a profile', () => {
  const device = { pci: '4/0/0', id: '8086:2725' };
  const firmwareOf = (firmware?: unknown) => {
    const { profile, diagnostics } = resolveText(profileYaml({ passthrough: [{ ...device, firmware }] }));
    expect(diagnostics).toEqual([]);
    return profile?.passthrough[0]?.firmware;
  };
  const wrong = (firmware: unknown) => complaints({ passthrough: [{ ...device, firmware }] });

  test('may be left out, a word or a list', () => {
    expect(firmwareOf()).toEqual(wanted('8086:2725'));
    expect(firmwareOf('auto')).toEqual(firmwareOf());
    expect(firmwareOf('none')).toEqual([]);
    expect(firmwareOf(['rtw89/a_fw-*.bin'])).toEqual([
      { package: 'linux-firmware-rtw89', files: ['rtw89/a_fw-*.bin'] },
    ]);
  });

  test.each(['yes', [], {}, 1, null, Array(65).fill('a')])('%j is neither', (value) =>
    expect(wrong(value)).toContainEqual(
      expect.stringContaining(
        'passthrough[0].firmware: has to be auto, always, none, or a list of at most 64 entries; got ',
      ),
    ),
  );

  test.each([
    '/lib/firmware/a.bin',
    '../a.bin',
    'a/../b.bin',
    'a//b.bin',
    './a.bin',
    'a b.bin',
    'a.ucode.zst',
    'a.bin.xz',
    'a-*-*.bin',
    '*.bin',
    'a.bin|',
    '|a.bin',
    'a.bin||b.bin',
    'a.bin.zst|b.bin',
    'a.bin | b.bin',
    'a,b.bin',
    '*/a.bin',
    'brcm/',
    '',
    'ä.bin',
    'a'.repeat(201),
  ])('%j is no file of it', (file) => {
    const [found, ...more] = wrong(['rt2860.bin', file]);
    expect(found).toContain(
      'the name by which the driver asks for it, without /lib/firmware/ and without .zst or .xz, ' +
        'for example iwlwifi-ty-a0-gf-a0-*.ucode; got "',
    );
    expect(found).toMatch(/^passthrough\[0\]\.firmware\[1\]: has to be /);
    expect(more).toEqual([]);
  });

  test('twice the same file', () =>
    expect(wrong(['a.bin', 'b.bin', 'a.bin'])).toEqual([
      'passthrough[0].firmware[2]: a.bin is listed twice; remove one of the two',
    ]));
});

describe('a table that is wrong', () => {
  test('a key that is not known, and one that is missing', () => {
    const { driver, ...without } = card;
    expect(problems({ ...without, dirver: driver })).toEqual([
      expect.stringContaining('cards[0].dirver: unknown key "dirver"; did you mean cards[0].driver?'),
    ]);
    expect(problems(without)).toEqual([
      'cards[0].driver: is missing; it has to be the name of a Linux driver, for example iwlmvm',
    ]);
  });

  test.each([
    ['iso', true, 'iso: has to be one of yes, no, unknown; got true'],
    ['ids', [], 'ids: has to be a list of 1 to 64 entries; got a list'],
    ['ids', ['2725'], 'ids[0]: has to be vendor:device'],
    ['subsystems', [], 'subsystems: has to be a list of 1 to 64 entries'],
    [
      'subsystems',
      ['00A4'],
      'subsystems[0]: has to be four hexadecimal digits in quotes, for example "0030"',
    ],
    ['firmware', ['a b'], 'firmware[0]: has to be the name by which the driver asks for it'],
    ['firmware', ['rt3290.bin'], 'rt3290.bin is in linux-firmware-other, not in linux-firmware-intel'],
    ['firmware', ['iwlwifi-a|rt3290.bin'], 'rt3290.bin is in linux-firmware-other'],
    ['firmware', undefined, 'package, iso and firmware belong together; got a part'],
    ['iso', undefined, 'package, iso and firmware belong together; got a part'],
    ['ids', ['8086:2725', '8086:2725'], '8086:2725 stands for Intel Wi-Fi 6E AX210 already'],
    ['maker', 'Intel', 'maker: has to be one of intel, realtek'],
    ['freebsd', ['if_iwlwfi'], 'freebsd[0]: if_iwlwfi is not in modules; did you mean if_iwlwifi?'],
    ['freebsd', ['none1'], 'freebsd[0]: none1 is not in modules'],
    ['freebsd', [], 'native: needs a module in freebsd'],
    ['native', [{ from: '14.3', mode: '11ax' }], 'mode: has to be one of 11g, 11n, 11ac; got "11ax"'],
    [
      'native',
      [
        { from: '14.3', mode: '11ac' },
        { from: '14.2', mode: '11g' },
      ],
      'native[1].from: 14.2 has to be later than 14.3',
    ],
    [
      'native',
      [
        { from: '14.3', mode: '11ac' },
        { from: '14.3', mode: '11g' },
      ],
      'native[1].from: 14.3 has to be later than 14.3',
    ],
    ['verdict', 'perhaps', 'verdict: has to be one of works, reported, untested, never; got "perhaps"'],
    ['reason', '', 'reason: has to be text of printable ASCII characters'],
    ['reason', 'a\tb', 'reason: has to be text of printable ASCII characters'],
    ['caution', 'ends in a space ', 'caution: has to be text of printable ASCII characters'],
    ['source', 'a'.repeat(201), 'source: has to be at most 200 characters'],
  ])('%s: %j', (key, value, message) =>
    expect(problems({ ...card, [key]: value })).toEqual([expect.stringContaining(message)]),
  );

  test('a card whose driver asks for no firmware is none', () => {
    const { package: name, iso, firmware, ...without } = card;
    expect([name, iso, firmware]).not.toContain(undefined);
    expect(problems(without)).toEqual([]);
  });

  test('one card twice; but another card may have its id', () => {
    expect(problems(card, { ...card, name: 'Another' })).toEqual([]);
    expect(problems(card, { ...card, ids: ['8086:2726', '8086:2725'] })).toEqual([
      'cards[1].ids[1]: 8086:2725 stands for Intel Wi-Fi 6E AX210 already',
    ]);
  });

  test('a module twice', () => {
    const twice = tableText(card).replace('modules:', 'modules:\n  - { module: if_iwx, device: iwx }');
    const { diagnostics } = parseTable({ file: 'cards.yaml', text: twice });
    expect(diagnostics.map(lineOf)).toEqual([
      expect.stringContaining('modules[2].module: if_iwx is listed already') as string,
    ]);
  });

  test('an empty one', () => expect(problems()).toEqual([expect.stringContaining('has to be a list')]));
});
