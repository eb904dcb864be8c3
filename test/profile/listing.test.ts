import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hindranceOf, readListing, wifiDevices } from '../../generators/profile/listing.ts';
import { readMachine } from '../../generators/profile/machine.ts';

const NEW =
  'iwm0@pci0:4:0:0:\tclass=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x1010';
const OLD = 'iwm0@pci0:4:0:0:\tclass=0x028000 card=0x10108086 chip=0x24f38086 rev=0x3a hdr=0x00';
const NAMES = [
  "    vendor     = 'Intel Corporation'",
  "    device     = 'Wireless 8260'",
  '    class      = network',
];

const card = {
  pci: '4/0/0',
  domain: 0,
  id: '8086:24f3',
  subsystem: '8086:1010',
  driver: 'iwm0',
  class: '028000',
};
const named = { ...card, vendor: 'Intel Corporation', device: 'Wireless 8260' };

/** What `pciconf -lbcv` prints below a device. */
const DETAILS = [
  '    bar   [10] = type Memory, range 64, base 0xdd200000, size 8192, enabled',
  '    cap 01[c8] = powerspec 3  supports D0 D3  current D0',
  '    cap 10[40] = PCI-Express 2 endpoint max data 128(256) FLR NS',
  '    ecap 0003[140] = Serial 1 0000000000000000',
];

const BRIDGE = [
  'hostb0@pci0:0:0:0:\tclass=0x060000 rev=0x08 hdr=0x00 vendor=0x8086 device=0x1904 subvendor=0x17aa subdevice=0x2238',
  "    vendor     = 'Intel Corporation'",
  "    device     = 'Xeon E3-1200 v5/E3-1500 v5/6th Gen Core Processor Host Bridge/DRAM Registers'",
  '    class      = bridge',
  '    subclass   = HOST-PCI',
];

const READ: readonly [what: string, lines: readonly string[], devices: readonly object[]][] = [
  ['the new form', [NEW], [card]],
  ['the old form, where the low half is the vendor', [OLD], [card]],
  ['with names', [NEW, ...NAMES], [named]],
  ['the old form with names', [OLD, ...NAMES], [named]],
  ['without a name of the device', [OLD, NAMES[0]!, NAMES[2]!], [{ ...card, vendor: 'Intel Corporation' }]],
  ['with everything that -lbcv adds', [NEW, ...NAMES, ...DETAILS], [named]],
  ['no colon at the end', [NEW.replace('0:\t', '0\t')], [card]],
  ['spaces for the TAB', [NEW.replace('\t', '        '), ...NAMES], [named]],
  ['one space for the TAB', [NEW.replace('\t', ' ')], [card]],
  ['indented by spaces', [NEW, ...NAMES].map((line) => `    ${line}`), [named]],
  ['indented by a TAB', [NEW, ...NAMES].map((line) => `\t${line}`), [named]],
  ['quoted in a mail', [NEW, ...NAMES].map((line) => `> ${line}`), [named]],
  ['quoted twice', [NEW, ...NAMES].map((line) => `>> ${line}`), [named]],
  ['as grep -n prints it', [`12:${NEW}`, `13-${NAMES[0]!}`, `14-${NAMES[1]!}`], [named]],
  [
    'with typographic quotation marks',
    NAMES.map((line) => line.replace(/'(.*)'/, '‘$1’')).toSpliced(0, 0, NEW),
    [named],
  ],
  ['with spaces that do not break', [NEW.replace('\t', '\u00a0\u00a0')], [card]],
  ['capitals in the numbers', [NEW.replace('24f3', '24F3')], [card]],
  ['in the colours of a terminal', [NEW.replace('iwm0', '\u001b[01;31miwm0\u001b[0m')], [card]],
  ['wrapped behind the place', NEW.split('\t'), [card]],
  ['wrapped between the numbers', [NEW.replace(' device', '\ndevice'), ...NAMES], [named]],
  ['wrapped and quoted', [NEW.replace(' device', '\n> device')], [card]],
  ['FreeBSD 6, without a domain', [OLD.replace('pci0:4', 'pci4')], [card]],
  ['on ppt already', [NEW.replace('iwm0', 'ppt0')], [{ ...card, driver: 'ppt0' }]],
  ['no driver', [NEW.replace('iwm0', 'none3')], [{ ...card, driver: 'none3' }]],
  ['a driver with an underscore', [NEW.replace('iwm0', 'bwn_pci0')], [{ ...card, driver: 'bwn_pci0' }]],
  [
    'a driver without a number',
    [NEW.replace('iwm0', 'somethinghere')],
    [{ ...card, driver: 'somethinghere' }],
  ],
  ['another domain', [NEW.replace('pci0', 'pci1')], [{ ...card, domain: 1 }]],
  ['a large domain', [NEW.replace('pci0', 'pci65536')], [{ ...card, domain: 65536 }]],
  ['no class', [NEW.replace('class=0x028000 ', '')], [{ ...card, class: undefined }]],
  ['no subsystem', [NEW.replace(/ subvendor.*/, '')], [{ ...card, subsystem: undefined }]],
  [
    'the same device twice: its last driver, and its names',
    [NEW, ...NAMES, NEW.replace('iwm0', 'ppt0')],
    [{ ...named, driver: 'ppt0' }],
  ],
  ['a line of another device before it', ['    subclass   = RAM', NEW, ...NAMES], [named]],
  ['names of another device before it', [NAMES[0]!, NAMES[1]!, NEW], [card]],
  ['an apostrophe in a name', [NEW, "    vendor     = 'O'Reilly's'"], [{ ...card, vendor: "O'Reilly's" }]],
  [
    'typographic double quotation marks',
    [NEW, '    vendor     = “Intel Corporation”'],
    [{ ...card, vendor: 'Intel Corporation' }],
  ],
  ['characters without a width', [`\ufeff${NEW.replace('device', '\u200bdevice\u00ad')}`], [card]],
  [
    'packed for a mail',
    [
      NEW.replaceAll('=', '=3D').replace('vendor', 'ven=\ndor'),
      ...NAMES.map((line) => line.replace('=', '=3D')),
    ],
    [named],
  ],
  ['without any space behind the place', [NEW.replace('\t', '')], [card]],
  ['as an item of a list', [`* \`${NEW}\``], [card]],
  [
    'all devices in one line',
    [`${BRIDGE[0]!} ${NEW} vendor = 'Intel Corporation'`],
    [
      { pci: '0/0/0', domain: 0, id: '8086:1904', subsystem: '17aa:2238', driver: 'hostb0', class: '060000' },
      card,
    ],
  ],
  [
    'numbers of another device below the names',
    [NEW, ...NAMES, NEW.split('\t')[1]!.replace('24f3', '24fd')],
    [named],
  ],
  ['only other words', ['FreeBSD 14.3-RELEASE', 'me@pci.example: hello'], []],
  ['nothing', [], []],
];

describe('a listing of pciconf', () => {
  it.each(READ)('%s', (_, lines, devices) => {
    for (const end of ['\n', '\r\n', '\r'])
      for (const last of [end, ''])
        expect(readListing(lines.join('\n').replaceAll('\n', end) + last)).toEqual({ devices, problems: [] });
  });

  it('keeps the devices in their order, each with its own lines', () => {
    const second = NEW.replace('iwm0@pci0:4:0:0', 'none1@pci0:0:20:3').replace('24f3', '9df0');
    const { devices, problems } = readListing([...BRIDGE, NEW, ...NAMES, second, ''].join('\n'));
    expect(problems).toEqual([]);
    expect(devices).toMatchObject([
      { pci: '0/0/0', id: '8086:1904', class: '060000' },
      named,
      { pci: '0/20/3', id: '8086:9df0', driver: 'none1' },
    ]);
    expect(devices[2]).not.toHaveProperty('device');
  });

  it('two cards at one place are two: the listings of two machines in one text', () => {
    expect(readListing(`${NEW}\n${NEW.replace('24f3', '24fd')}`).devices).toHaveLength(2);
  });

  it.each([
    [
      'a number that is cut off',
      NEW.slice(0, NEW.indexOf('24f3') + 2),
      /iwm0@pci0:4:0:0 has device=0x24, which is not of 4/,
    ],
    ['a number that is too long', NEW.replace('24f3', '24f3f'), /device=0x24f3f, which is not of 4/],
    ['a number that stops behind 0x', NEW.slice(0, NEW.indexOf('24f3')), /device=0x, which is not of 4/],
    ['half of the old form', OLD.replace('24f38086', '8086'), /chip=0x8086, which is not of 8/],
    ['a class of five digits', NEW.replace('028000', '28000'), /class=0x28000, which is not of 6/],
    [
      'a line that ends too early',
      NEW.slice(0, NEW.indexOf('vendor')),
      /has neither vendor= and device= nor chip=/,
    ],
    [
      'two devices made one',
      `${NEW} ${NEW.split('\t')[1]!.replace('24f3', '24fd')}`,
      /has two values of device=/,
    ],
    ['a vendor alone', NEW.slice(0, NEW.indexOf('device')), /has neither/],
    ['a slot that no bus has', NEW.replace(':0:0:', ':32:0:'), /is no place on a PCI bus/],
    ['a bus that there is not', NEW.replace(':4:', ':256:'), /is no place on a PCI bus/],
    ['a function that there is not', NEW.replace(':0:0:', ':0:8:'), /is no place on a PCI bus/],
  ])('%s is a problem, and no device', (_, line, message) => {
    const { devices, problems } = readListing(`uname\n${line}\n`);
    expect(devices).toEqual([]);
    expect(problems).toEqual([{ line: 2, message: expect.stringMatching(message) as string }]);
    expect(problems[0]!.message).toContain('take the line as pciconf -lv prints it');
  });

  // Each of these kept a regular expression busy for minutes, and would end in the test's timeout.
  it.each([
    ['numbers that run into one another', `${NEW}\na${'=0xaaaaaa'.repeat(20_000)}!`, 1],
    ['half a selector, again and again', `${'a-'.repeat(300_000)}\n${NEW}`, 1],
    ['addresses of one interface', `${NEW}\nem0: flags=0\n${'\tinet 10.0.0.1\n'.repeat(50_000)}`, 1],
  ])('%s cost no more than their length', (_, text, count) => {
    expect(readListing(text).devices).toHaveLength(count);
    expect(readMachine(text).freebsd).toEqual([]);
  });

  it('quotes no more of a number than one looks at', () => {
    const { problems } = readListing(NEW.replace('24f3', 'a'.repeat(100_000)));
    expect(problems[0]?.message.length).toBeLessThan(200);
  });

  it('reads back whatever the numbers are, in both forms', () => {
    const digits = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16).padStart(4, '0'));
    fc.assert(
      fc.property(fc.tuple(digits, digits, digits, digits), ([vendor, device, subvendor, subdevice]) => {
        const written = [
          `x0@pci0:1:2:3:\tclass=0x028000 rev=0x00 hdr=0x00 vendor=0x${vendor} device=0x${device} subvendor=0x${subvendor} subdevice=0x${subdevice}`,
          `x0@pci0:1:2:3:\tclass=0x028000 card=0x${subdevice}${subvendor} chip=0x${device}${vendor} rev=0x00 hdr=0x00`,
        ];
        for (const line of written)
          expect(readListing(line).devices).toMatchObject([
            { pci: '1/2/3', id: `${vendor}:${device}`, subsystem: `${subvendor}:${subdevice}` },
          ]);
      }),
    );
  });

  it('never throws', () => {
    const words = fc.constantFrom(
      'iwm0',
      '@pci',
      '0:4:0:0',
      ':',
      ' ',
      '\n',
      'chip=0x',
      '24f38086',
      'device',
      "= '",
      "'",
      '> ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string())), (parts) => {
        expect(() => readListing(parts.join(''))).not.toThrow();
      }),
    );
  });
});

describe('which of them are Wi-Fi cards', () => {
  const devices = readListing(
    [
      ...BRIDGE,
      NEW,
      'em0@pci0:0:31:6:\tclass=0x020000 rev=0x21 hdr=0x00 vendor=0x8086 device=0x15d7 subvendor=0x17aa subdevice=0x2238',
      'none1@pci0:3:0:0:\tclass=0x020000 rev=0x00 hdr=0x00 vendor=0x14e4 device=0x4331 subvendor=0x106b subdevice=0x00d6',
      'none2@pci0:5:0:0:\tclass=0x0d2000 rev=0x00 hdr=0x00 vendor=0x168c device=0x0013 subvendor=0x168c subdevice=0x0013',
      'none3@pci0:6:0:0:\tclass=0x0d1100 rev=0x00 hdr=0x00 vendor=0x8086 device=0x1111 subvendor=0x8086 subdevice=0x1111',
    ].join('\n'),
  ).devices;

  it('those of the class', () => {
    expect(wifiDevices(devices).map(({ pci }) => pci)).toEqual(['4/0/0', '5/0/0']);
  });

  it('and those whose id is known', () => {
    const known = wifiDevices(devices, (id) => id === '14e4:4331');
    expect(known.map(({ pci }) => pci)).toEqual(['4/0/0', '3/0/0', '5/0/0']);
  });

  it('one in another domain cannot be passed through', () => {
    expect(hindranceOf(card)).toBeUndefined();
    expect(hindranceOf({ ...card, domain: 1 })).toMatch(/domain 1.*knows only domain 0/);
  });
});
