import { describe, expect, it, test } from 'vitest';
import { worstKind } from '../../generators/profile/diagnostics.ts';
import { idsOf, tableOf } from '../../generators/profile/cards.ts';
import { VENDORS } from '../../generators/profile/fields.ts';
import { complaints, profileYaml, readShipped, resolveText } from './example.ts';

const given = (...passthrough: object[]) =>
  complaints({ passthrough: passthrough.map((device) => ({ pci: '4/0/0', ...device })) });
const NEVER =
  '17cb:1103 (Qualcomm QCNFA765 or WCN6855) never works in a VM: its firmware gets the wrong interrupt address; ';
const TRAP = '14c3:7922 (MediaTek MT7922 or AMD RZ616): it often does not survive a reset';

describe('a card that never works', () => {
  it('is refused with the reason, as what is not supported', () => {
    const { profile, diagnostics } = resolveText(
      profileYaml({ passthrough: [{ pci: '4/0/0', id: '17cb:1103' }] }),
    );
    expect(profile).toBeUndefined();
    expect(worstKind(diagnostics)).toBe('unsupported');
    expect(given({ id: '17cb:1103' })).toEqual([
      `passthrough[0].id [unsupported]: ${NEVER}take another card, or write force: true to try it all the same`,
    ]);
  });

  it('is refused in a list too, at its place', () =>
    expect(given({ pci: 'auto', id: ['8086:24f3', '17cb:1103'] })).toEqual([
      expect.stringContaining('passthrough[0].id[1] [unsupported]: 17cb:1103 '),
    ]));

  it('is taken by force, with a warning; and only the device with it', () => {
    expect(given({ id: '17cb:1103', force: true })).toEqual([
      `passthrough[0].id [warning]: ${NEVER}it is taken all the same, by force: true`,
    ]);
    expect(given({ id: '8086:24f3', force: true }, { pci: '5/0/0', id: '17cb:1103' })).toEqual([
      expect.stringContaining('passthrough[1].id [unsupported]: 17cb:1103 '),
    ]);
  });

  it('is no part of those of a maker', () => expect(given({ pci: 'auto', maker: 'qualcomm' })).toEqual([]));
});

test('a card with a trap is a warning', () => {
  expect(given({ id: '14c3:7922' })).toEqual([`passthrough[0].id [warning]: ${TRAP}`]);
  expect(given({ pci: 'auto', id: ['8086:24f3', '14c3:7922'] })).toEqual([
    `passthrough[0].id[1] [warning]: ${TRAP}`,
  ]);
});

describe('what FreeBSD does with the card itself', () => {
  const on = (id: string, freebsd: string) =>
    complaints({ passthrough: [{ pci: '4/0/0', id }], host: { freebsd } });

  it('with 802.11n is a warning', () =>
    expect(on('8086:0082', '14.3')).toEqual([
      'passthrough[0].id [warning]: FreeBSD 14.3 itself drives 8086:0082 (Intel Centrino Advanced-N 6205) with 802.11n, ' +
        'by if_iwn: the VM brings nothing more; leave the card to FreeBSD if that works',
    ]));

  it.each([
    ['8086:24f3', '14.3'],
    ['8086:2725', '14.2'],
    ['8086:2725', '15.0'],
    ['168c:0042', '14.3'],
    ['ffff:1234', '14.3'],
  ])('with another mode, or not at all, is none: %s on %s', (id, freebsd) =>
    expect(on(id, freebsd)).toEqual([]),
  );

  it('without a version is not known', () =>
    expect(complaints({ passthrough: [{ pci: '4/0/0', id: '8086:0082' }], host: {} })).toEqual([
      expect.stringContaining('host.freebsd: is missing'),
    ]));
});

describe('vendor and device swapped', () => {
  it('is an error with the right text', () => {
    expect(given({ id: '24F3:8086' })).toEqual([
      'passthrough[0].id: 24f3:8086 has vendor and device swapped; write 8086:24f3',
    ]);
    expect(given({ pci: 'auto', id: ['8086:24f3', '7922:14c3'] })).toEqual([
      'passthrough[0].id[1]: 7922:14c3 has vendor and device swapped; write 14c3:7922',
    ]);
  });

  it('is not guessed', () => {
    for (const id of ['8086:10ec', '10ec:8086', '1234:5678', '8086:ffff']) expect(given({ id })).toEqual([]);
  });

  it('is known for every vendor of the table', () => {
    const { all } = tableOf({ file: 'cards.yaml', text: readShipped('cards.yaml') });
    const vendors = new Set(all.flatMap(idsOf).map((id) => id.split(':')[0]!));
    expect(VENDORS.toSorted()).toEqual([...vendors].toSorted());
  });
});

describe('modules', () => {
  const drivers = (...names: string[]) => given({ id: 'ffff:1234', drivers: names });

  it.each([['if_iwm'], ['if_ath_pci'], ['if_mt76']])('%s is one', (name) =>
    expect(drivers(name)).toEqual([]),
  );

  it.each([
    ['iwm0', '[if_iwm]'],
    ['iwm', '[if_iwm]'],
    ['iwlwifi', '[if_iwlwifi]'],
    ['iwlwifi0', '[if_iwlwifi]'],
    ['rtw88', '[if_rtw88]'],
    ['rtw880', '[if_rtw88]'],
    ['rtw8810', '[if_rtw88]'],
    ['if_rtw880', '[if_rtw88]'],
    ['IWX0', '[if_iwx]'],
    ['ath0', '[if_ath_pci, if_ath]'],
    ['bwn_pci0', '[if_bwn_pci]'],
  ])('%s is none; what is meant is %s', (name, right) =>
    expect(drivers('if_iwm', name)).toEqual([
      `passthrough[0].drivers[1]: ${name} is no kernel module; write drivers: ${right}`,
    ]),
  );

  it.each(['none', 'none1', 'none12'])('%s is no driver at all', (name) =>
    expect(drivers(name)).toEqual([
      `passthrough[0].drivers[0]: ${name} says that no driver has the card, so there is none to keep away; write drivers: []`,
    ]),
  );

  it.each(['ppt', 'ppt0'])('%s is what passes the card through', (name) =>
    expect(drivers(name)).toEqual([
      expect.stringContaining(
        `passthrough[0].drivers[0]: ${name} is what holds the card for the guest already`,
      ),
    ]),
  );

  it.each([
    ['if_iwlwfi', '; did you mean if_iwlwifi?'],
    ['xhci', ''],
    ['if_other', ''],
  ])('%s may be one that is not known', (name, hint) =>
    expect(drivers(name)).toEqual([
      `passthrough[0].drivers[0] [warning]: ${name} is no module of FreeBSD for Wi-Fi cards that airhive knows${hint}`,
    ]),
  );

  it('of another card are a warning, with the right ones', () => {
    expect(given({ id: '8086:24f3', drivers: ['if_iwm', 'if_iwx'] })).toEqual([
      "passthrough[0].drivers[1] [warning]: if_iwx does not take 8086:24f3; FreeBSD's modules for that are [if_iwm, if_iwlwifi]",
    ]);
    expect(given({ pci: 'auto', id: ['8086:24f3', '8086:2725'], drivers: ['if_iwx', 'if_rtw88'] })).toEqual([
      expect.stringContaining('drivers[1] [warning]: if_rtw88 does not take 8086:24f3, 8086:2725; '),
    ]);
  });

  it.each([
    [{ id: '8086:24f3', drivers: ['if_iwlwifi'] }],
    [{ id: '8086:a0f0', drivers: ['if_iwx'] }],
    // What people build themselves has no card in the table.
    [{ id: '168c:0042', drivers: ['if_mt76'] }],
    [{ id: 'ffff:1234', drivers: ['if_iwx'] }],
    [{ pci: 'auto', id: ['8086:24f3', 'ffff:1234'], drivers: ['if_iwx'] }],
    [{ pci: 'auto', maker: 'intel', drivers: ['if_iwx'] }],
  ])('that may be right are not: %j', (device) => expect(given(device)).toEqual([]));
});
