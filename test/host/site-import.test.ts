import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { block, dataOf, expectTidy, network, networksOf, site, siteOk, written } from './site-bench.ts';

describe('vm_site import', () => {
  const CONF = `${block('ssid="a"', 'psk="battery staple"')}${block('ssid="b"', 'key_mgmt=NONE')}${block('ssid="c"', 'psk="x"')}`;

  it('says what it took, replaces what has the same name, and keeps the rest', () => {
    const machine = new Machine();
    siteOk(machine, 'another one', 'add', 'b');
    siteOk(machine, 'the third one', 'add', 'mine');
    const conf = join(machine.root, 'their.conf');
    writeFileSync(conf, CONF);
    const said = siteOk(machine, null, 'import', conf);
    expect(said).toContain(`${conf}, line 1: "a": taken (WPA2, passphrase)\n`);
    expect(said).toContain(`${conf}, line 11: "c": psk has to be 8 to 63`);
    expect(networksOf(machine)).toBe(
      [
        block('ssid="b"', 'key_mgmt=NONE'),
        written([network({ ssid: Buffer.from('mine'), passphrase: 'the third one' })]),
        block('ssid="a"', 'psk="battery staple"'),
      ].join('\n'),
    );
    expect(machine.get('calls')).not.toMatch(/battery/);
    const before = dataOf(machine);
    expect(siteOk(machine, null, 'import', conf)).toMatch(/vm_site: nothing to change\n$/);
    expect(dataOf(machine)).toEqual(before);
    expectTidy(machine);
  });

  it.each([
    ['without a network', 'ctrl_interface=/x\n', 'no network of'],
    ['of other things', 'a\0b', 'is not a text file'],
    ['that is not there', null, 'is not a file that can be read'],
  ])('refuses a file %s', (_, text, words) => {
    const machine = new Machine();
    const conf = join(machine.root, 'their.conf');
    if (text !== null) writeFileSync(conf, text);
    const { code, said } = site(machine, null, 'import', conf);
    expect(code).toBe(2);
    expect(said).toContain(words);
    expectTidy(machine);
  });
});
