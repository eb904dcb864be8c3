import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const PROGRAM = ['shared/ssid.awk', 'guest/usr/libexec/airhive/networks.awk'].flatMap((path) => [
  '-f',
  fileURLToPath(new URL(`../../overlays/${path}`, import.meta.url)),
]);
const TAG = 'airhive-site';
const MARK = `id_str="${TAG}"`;

/** The ways in which wpa_supplicant.conf(5) lets an SSID be written. */
const FORMS = {
  text: (ssid: Buffer) => `"${ssid.toString('latin1')}"`,
  hex: (ssid: Buffer) => ssid.toString('hex'),
  capitals: (ssid: Buffer) => ssid.toString('hex').toUpperCase(),
  printf: (ssid: Buffer) => `P"${[...ssid].map(escaped).join('')}"`,
};
type Form = keyof typeof FORMS;

function escaped(byte: number): string {
  const known = { 0x22: '\\"', 0x5c: '\\\\', 0x0a: '\\n', 0x0d: '\\r', 0x09: '\\t', 0x1b: '\\e' }[byte];
  if (known !== undefined) return known;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

interface Network {
  readonly ssid: Buffer;
  readonly form: Form;
  readonly settings: readonly string[];
}

/** Can the form hold these bytes in one line? No line may have an end or a NUL in it. */
const fits = ({ ssid, form }: Network): boolean =>
  form === 'text' ? !ssid.some((byte) => [0, 0x0a].includes(byte)) : form !== 'printf' || !ssid.includes(0);

const ssids = fc.oneof(
  fc
    .constantFrom('home', 'Home', 'a', 'a"b', 'a\\b', '', ' x ', '"', '{', '}', '#1')
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 1, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
);
const settings = fc.subarray([
  'psk="12345678"',
  'key_mgmt=WPA-PSK SAE',
  'priority=3',
  'id_str="mine"',
  'id_str="trusted public"',
  '# remark',
  '',
  MARK,
]);
const networks = fc.array(
  fc
    .record({ ssid: ssids, form: fc.constantFrom(...(Object.keys(FORMS) as Form[])), settings })
    .filter((network) => network.ssid.length > 0 && fits(network)),
  { maxLength: 8 },
);

const block = (lines: readonly string[]) => `network={\n${lines.map((line) => `\t${line}\n`).join('')}}\n`;
const written = (list: readonly Network[]): Buffer =>
  Buffer.from(
    `update_config=1\n${list.map((network) => block([`ssid=${FORMS[network.form](network.ssid)}`, ...network.settings])).join('\n')}`,
    'latin1',
  );

const markOf = ({ settings: lines }: Network): string =>
  lines.includes('id_str="trusted public"') ? `id_str="${TAG} trusted public"` : MARK;

/** What the guest's supplicant is to read: the site's networks, marked, then what was learnt beside them. */
function merged(site: readonly Network[], learnt: readonly Network[]): string {
  const ofSite = new Set(site.map(({ ssid }) => ssid.toString('hex')));
  const body = ({ ssid, form, settings: lines }: Network, without: RegExp) => [
    `ssid=${FORMS[form](ssid)}`,
    ...lines.filter((line) => line !== '' && !line.startsWith('#') && !without.test(line)),
  ];
  return [
    ...site.map((network) => block([...body(network, /^id_str=/), markOf(network)])),
    ...learnt
      .filter((network) => !network.settings.includes(MARK) && !ofSite.has(network.ssid.toString('hex')))
      .map((network) => block(body(network, /^$/))),
  ].join('');
}

describe.each([
  { name: 'busybox', command: ['busybox', 'awk'] },
  { name: 'mawk', command: ['mawk'] },
])('networks.awk under $name', ({ name, command: [tool = '', ...args] }) => {
  const isReady = hasTool(name);
  const merge = (site: string, learnt: string) =>
    run(tool, [...args, '-v', `tag=${TAG}`, ...PROGRAM, site, learnt]).toString('latin1');
  const mergeAll = (...texts: (string | Buffer)[]) =>
    run(tool, [...args, '-v', `tag=${TAG}`, ...PROGRAM, ...texts.map((text) => freshFile(text))]).toString(
      'latin1',
    );
  const mergeTexts = (site: string, learnt: string) => merge(freshFile(site), freshFile(learnt));

  it.skipIf(!isReady)(`merges any networks of any bytes (needs ${name})`, () => {
    fc.assert(
      fc.property(networks, networks, (site, learnt) => {
        expect(merge(freshFile(written(site)), freshFile(written(learnt)))).toBe(merged(site, learnt));
      }),
      { numRuns: 60 },
    );
  });

  it.skipIf(!isReady)(`takes all forms of one SSID as the same (needs ${name})`, () => {
    for (const ssid of [
      Buffer.from('ab'),
      Buffer.from('a"\\\t\x1b é', 'utf8'),
      Buffer.from([0x80, 0xff, 0x27]),
    ]) {
      const same = (Object.keys(FORMS) as Form[]).map((form): Network => ({ ssid, form, settings: [] }));
      for (const site of same) {
        const expected = block([`ssid=${FORMS[site.form](ssid)}`, MARK]);
        expect(merge(freshFile(written([site])), freshFile(written(same)))).toBe(expected);
        expect(mergeAll('', written([site]), written(same))).toBe(block([`ssid=${FORMS[site.form](ssid)}`]));
      }
    }
  });

  it.skipIf(!isReady)(`names each once (needs ${name})`, () => {
    const conf = freshFile(
      `${block(['ssid="a"', MARK])}${block(['ssid=61', MARK])}${block(['ssid=P"\\142"'])}${block(['ssid="b"'])}`,
    );
    const asked = [...args, '-v', `tag=${TAG}`, '-v', 'want=names', ...PROGRAM, '/dev/null', conf];
    expect(run(tool, asked).toString()).toBe('61 site\n62 learnt\n');
  });

  it.skipIf(!isReady)(`keeps the marks of vm_site, and no other note (needs ${name})`, () => {
    const idOf = (value: string) =>
      /id_str=.*/.exec(mergeTexts(block(['ssid="a"', `id_str=${value}`]), ''))?.[0];
    expect(idOf('"trusted"')).toBe(`id_str="${TAG} trusted"`);
    expect(idOf('"public"')).toBe(`id_str="${TAG} public"`);
    expect(idOf('"trusted public"')).toBe(`id_str="${TAG} trusted public"`);
    for (const other of [
      '"mine"',
      '"trusted mine"',
      '"untrusted"',
      'trusted',
      '"trusted" "',
      `"${TAG} trusted"`,
    ])
      expect(idOf(other)).toBe(MARK);
    // As wpa_supplicant has saved it.
    const saved = block(['ssid="a"', `id_str="${TAG} trusted"`]);
    expect(mergeTexts('', saved)).toBe('');
    expect(mergeTexts('', block(['ssid="a"', 'id_str="trusted"']))).toContain('id_str="trusted"');
  });

  it.skipIf(!isReady)(`leaves out the ciphers that the card lacks (needs ${name})`, () => {
    const site = block(['ssid="a"', 'pairwise=CCMP GCMP CCMP-256 GCMP-256', 'group=GCMP CCMP']);
    const printed = (lacked: string): string[] => {
      const text = run(tool, [
        ...args,
        '-v',
        `tag=${TAG}`,
        '-v',
        `lacked=${lacked}`,
        ...PROGRAM,
        freshFile(site),
        '/dev/null',
      ]);
      return [...text.toString().matchAll(/(?:pairwise|group)=.*/g)].map(([line]) => line);
    };
    expect(printed(' GCMP-256 CCMP-256 ')).toEqual(['pairwise=CCMP GCMP', 'group=GCMP CCMP']);
    expect(printed(' GCMP GCMP-256 CCMP-256 ')).toEqual(['pairwise=CCMP', 'group=CCMP']);
    expect(printed(' ')).toEqual(['pairwise=CCMP GCMP CCMP-256 GCMP-256', 'group=GCMP CCMP']);
    // wpa_supplicant does not start with an empty list.
    expect(printed(' CCMP GCMP ').at(-1)).toBe('group=GCMP CCMP');
  });

  it.skipIf(!isReady)(`says which address each network sees (needs ${name})`, () => {
    const secret = freshFile('5ec7e7'.repeat(10));
    const addresses = (words: Record<string, string>, site: string, learnt: string): string[] => {
      const given = Object.entries({ secret, ...words }).flatMap(([key, value]) => ['-v', `${key}=${value}`]);
      const files = [freshFile(site), freshFile(learnt)];
      const text = run(tool, [...args, '-v', `tag=${TAG}`, ...given, ...PROGRAM, ...files]).toString();
      return [...text.matchAll(/^\s*(?:preassoc_)?mac_.*/gm)].map(([line]) => line.trim());
    };
    const site = block(['ssid="a"', 'mac_addr=3']) + block(['ssid="b"']) + block(['ssid="c"', 'mac_addr=0']);
    const learnt =
      block(['ssid="d"', 'mac_addr=3', 'mac_value=00:11:22:33:44:55']) + block(['ssid="e"', 'mac_addr=1']);
    const per = { policy: 'per-network', dedicated: '1' };
    const ofA = addresses({ dedicated: '1' }, site, '')[1]!;
    expect(ofA).toMatch(/^mac_value=[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
    // By the bytes of its name, and by the secret.
    expect(addresses(per, block(['ssid=61']), '')[1]).toBe(ofA);
    expect(addresses({ ...per, secret: freshFile('another') }, block(['ssid="a"']), '')[1]).not.toBe(ofA);
    expect(addresses({ dedicated: '1' }, site, learnt)).toEqual([
      ...['mac_addr=3', ofA, 'mac_addr=0', 'mac_addr=1', 'preassoc_mac_addr=1'],
    ]);
    const all = addresses(per, site, learnt);
    expect(all.filter((line) => line.startsWith('mac_addr'))).toEqual([
      ...['mac_addr=3', 'mac_addr=3', 'mac_addr=0', 'mac_addr=3', 'mac_addr=1'],
    ]);
    expect(new Set(all.filter((line) => line.startsWith('mac_value'))).size).toBe(3);
    // One that cannot do that would not start with it.
    expect(addresses({ policy: 'per-network' }, site, learnt)).toEqual([
      'mac_addr=1',
      'mac_addr=0',
      'mac_addr=1',
    ]);
    expect(addresses({}, site, learnt)).toEqual([
      'mac_addr=1',
      'mac_addr=0',
      'mac_addr=1',
      'preassoc_mac_addr=1',
    ]);
    expect(addresses({ policy: 'random' }, block(['ssid="b"']), '')).toEqual([]);
    expect(addresses({ policy: 'permanent' }, block(['ssid="b"']), block(['ssid="d"']))).toEqual([]);
  });

  it.skipIf(!isReady)(
    `drops what was withdrawn from the site and keeps what was learnt (needs ${name})`,
    () => {
      const before = mergeTexts(block(['ssid="office"']), block(['ssid="cafe"', 'id_str="cafe"']));
      expect(before).toBe(block(['ssid="office"', MARK]) + block(['ssid="cafe"', 'id_str="cafe"']));
      expect(merge('/dev/null', freshFile(before))).toBe(block(['ssid="cafe"', 'id_str="cafe"']));
      expect(merge(freshFile(block(['ssid="office"'])), freshFile(before))).toBe(before);
    },
  );

  it.skipIf(!isReady)(`reads files without networks, cut off, or from other systems (needs ${name})`, () => {
    const learnt = block(['ssid="a"']);
    expect(merge('/dev/null', '/dev/null')).toBe('');
    expect(mergeTexts('', learnt)).toBe(learnt);
    expect(mergeTexts('network={\n\tssid="cut off', learnt)).toBe(learnt);
    expect(mergeTexts('', learnt.replaceAll('\n', '\r\n'))).toBe(learnt);
    expect(mergeTexts('', 'network={\n  ssid="a"  \n}\t\n')).toBe(learnt);
    expect(mergeTexts('ctrl_interface=/x\nssid="outside"\n}\n', learnt)).toBe(learnt);
    expect(mergeTexts('', block(['psk="no name"']))).toBe('');
  });
});
