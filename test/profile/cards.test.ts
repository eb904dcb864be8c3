import { stringify } from 'yaml';
import { describe, expect, test } from 'vitest';
import { firmwarePackage, lookupIn, parseCards, wantedFirmware } from '../../generators/profile/cards.ts';
import { cards, readCards } from '../fixtures/profiles.ts';
import { complaints, lineOf, profileYaml, readShipped, resolveText } from './example.ts';

const card = {
  name: 'Intel Wi-Fi 6E AX210',
  ids: ['8086:2725'],
  driver: 'iwlmvm',
  package: 'linux-firmware-intel',
  iso: 'no',
  firmware: ['iwlwifi-ty-a0-gf-a0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm'],
};

function problems(...entries: unknown[]): string[] {
  const text = stringify(entries, { aliasDuplicateObjects: false });
  const { cards: read, diagnostics } = parseCards({ file: 'cards.yaml', text });
  expect(read === undefined).toBe(diagnostics.length > 0);
  return diagnostics.map((found) => lineOf(found).replace(/^[0-9:]+ /, ''));
}

/** What is taken for a card with this id. */
function wanted(id: string, firmware: unknown = 'auto', table = cards) {
  return wantedFirmware([id], firmware as 'auto', table);
}

describe('the shipped table', () => {
  const text = readShipped('cards.yaml');
  const all = readCards(text);
  const shipped = lookupIn({ file: 'cards.yaml', text });

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

  test('names every file as a driver does: not where it is stored', () => {
    const files = all.flatMap(({ firmware }) => firmware);
    expect(files.filter((file) => /\.(zst|xz)$|^intel\/|^cypress\//.test(file))).toEqual([]);
    expect(all.flatMap(({ ids }) => ids).length).toBeGreaterThan(110);
  });

  test('says of each id the same when only its entries are read', () => {
    const idsOf = (card: (typeof all)[number]) => card.ids.map(({ vendor, device }) => `${vendor}:${device}`);
    const ids = new Set(all.flatMap(idsOf));
    for (const id of ids) expect(shipped(id), id).toEqual(all.filter((card) => idsOf(card).includes(id)));
    expect(shipped('8086:ffff')).toEqual([]);
    expect(shipped('ids')).toEqual([]);
  });

  test('that was damaged is a part of airhive that is', () => {
    const damaged = lookupIn({ file: 'cards.yaml', text: text.replaceAll('iso:', 'osi:') });
    expect(() => damaged('8086:2725')).toThrow('a part of airhive is damaged: cards.yaml');
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
      expect.stringContaining('[0].dirver: unknown key "dirver"; did you mean [0].driver?'),
    ]);
    expect(problems(without)).toEqual([
      '[0].driver: is missing; it has to be the name of a Linux driver, for example iwlmvm',
    ]);
  });

  test.each([
    ['iso', true, 'has to be one of yes, no, unknown; got true'],
    ['ids', [], 'has to be a list of 1 to 64 entries; got a list'],
    ['ids', ['2725'], 'has to be vendor:device'],
    ['firmware', ['a b'], 'has to be the name by which the driver asks for it'],
    ['firmware', ['rt3290.bin'], 'rt3290.bin is in linux-firmware-other, not in linux-firmware-intel'],
    ['firmware', ['iwlwifi-a|rt3290.bin'], 'rt3290.bin is in linux-firmware-other'],
    ['ids', ['8086:2725', '8086:2725'], '8086:2725 stands for Intel Wi-Fi 6E AX210 already'],
  ])('%s: %j', (key, value, message) =>
    expect(problems({ ...card, [key]: value })).toEqual([expect.stringContaining(message)]),
  );

  test('one card twice; but another card may have its id', () => {
    expect(problems(card, { ...card, name: 'Another' })).toEqual([]);
    expect(problems(card, { ...card, ids: ['8086:2726', '8086:2725'] })).toEqual([
      '[1].ids[1]: 8086:2725 stands for Intel Wi-Fi 6E AX210 already',
    ]);
  });

  test('an empty one', () => expect(problems()).toEqual([expect.stringContaining('has to be a list')]));
});
