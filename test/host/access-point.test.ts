import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostView } from '../../generators/plan/host.ts';
import { variant } from '../fixtures/profiles.ts';
import { Machine } from './machine.ts';
import { apply, done, filesOf, newer, remove, settings } from './installing.ts';
import { accessPoint as accessPointOf } from './status-bench.ts';

// What the host's commands say of a guest that is an access point.

const view = {
  mode: 'access-point',
  accessPoint: hostView(
    variant({
      wifi: {
        country: 'DE',
        mode: 'access-point',
        accessPoint: { ssid: 'Käse', channel: 6, dns: ['192.168.7.1'] },
      },
    }),
    '',
  ).ap,
  reversePort: '',
  reverseTo: '',
};

const CLIENTS = `client 02:00:00:00:01:00 172.24.2.143 my-phone
client 02:00:00:00:02:00 - -
client 02:00:00:00:03:00 172.24.2.9 \x1b[31mred
client nonsense 172.24.2.9 x
`;

const accessPoint = (changes: Record<string, string> = {}): Promise<Machine> =>
  accessPointOf(view, CLIENTS, { 'run/airhive/said/wifi': 'access point "Käse" on channel 6', ...changes });

/** vm_status; `rows` are the lines of its screen by their first word. */
async function statusOf(machine: Machine, ...words: string[]) {
  const { code, said } = await machine.call('vm_status', ...words);
  const rows = [...said.matchAll(/^(\S+) +(.*)$/gm)].map(([, name = '', text = '']) => [name, text]);
  return { code, said, rows: Object.fromEntries(rows) as Record<string, string> };
}

describe('vm_status of an access point', () => {
  it('names the network and lists the clients, without what a terminal would obey', async () => {
    const machine = await accessPoint();
    const { code, said, rows } = await statusOf(machine);
    expect(code, said).toBe(0);
    expect(rows.network).toMatch(/^access point .*se.*, channel 6$/);
    expect(rows.clients).toBe('02:00:00:00:01:00  172.24.2.143  my-phone');
    expect(said).toMatch(/^ {10}02:00:00:00:02:00 {2}no address yet$/m);
    expect(said).toMatch(/^[\n -~]*$/);
    expect(said).not.toContain('nonsense');
    expect(rows.route).toBe('default of this host, and so of the clients, through 192.168.7.1 on em0');
  });

  it('as JSON', async () => {
    const { code, said } = await statusOf(await accessPoint(), '--json');
    expect(code, said).toBe(0);
    expect(JSON.parse(said)).toMatchObject({
      state: 'online',
      wifi_mode: 'access-point',
      ssid: 'Käse',
      clients: [
        { mac: '02:00:00:00:01:00', address: '172.24.2.143', name: 'my-phone' },
        { mac: '02:00:00:00:02:00', address: null, name: null },
      ],
    });
  });

  it('none: an empty list, and the word', async () => {
    const machine = await accessPoint({ 'usr/libexec/airhive/wifi-control': '#!/bin/sh\n' });
    expect((await statusOf(machine)).rows.clients).toBe('none');
    expect(JSON.parse((await statusOf(machine, '--json')).said)).toMatchObject({ clients: [] });
  });

  it('is offline while nobody can join, and says what the guest says', async () => {
    const machine = await accessPoint();
    rmSync(join(machine.state, 'guest-files/run/airhive/access-point'));
    machine.put('guest-files/run/airhive/said/wifi', 'no access point: there is no passphrase for it');
    const { code, said } = await statusOf(machine);
    expect(code).toBe(5);
    expect(said).toMatch(/^guest +offline/m);
    expect(said).toContain('no access point: there is no passphrase for it');
  });

  it('has a tunnel that no mark closes', async () => {
    const machine = new Machine({ view: { ...view, reversePort: 2210, reverseTo: 22 } });
    const { said } = await machine.call('vm_install', 'check');
    expect(said).toMatch(
      /^warning {2}the reverse tunnel: port 2210 for all clients of the access point reaches/m,
    );
    expect(said).not.toMatch(/Wi-Fi that the guest joins|firewall\.only/);
  });

  it('says when the default route still leads to the guest', async () => {
    const machine = await accessPoint();
    machine.put('routes', 'default 172.24.1.1 bridge0\n');
    expect((await statusOf(machine)).rows.route).toMatch(/which is an access point and leads nowhere/);
  });
});

describe('vm_wifi', () => {
  it.each([[['scan']], [['join', 'x']], [['forget', 'x']], [['watch']]])(
    '%j: it is an access point',
    async (words) => {
      const { code, said } = await (await accessPoint()).call('vm_wifi', ...words);
      expect(code).toBe(2);
      expect(said).toContain('the guest is an access point (wifi.mode of the profile)');
    },
  );
});

describe('vm_install check', () => {
  const NAT = 'nat on em0 inet from 172.24.1.0/24 to any -> (em0) round-robin\n';
  const IPFW = '00710 nat 77 ip from 172.24.1.0/24 to any out via em0\n65535 allow ip from any to any\n';

  it.each([
    [
      'nothing yet',
      {},
      [
        'warning this host does not forward yet',
        'warning no packet filter is at work (pf, ipfw): whoever is in the Wi-Fi of the access point can try every port of this machine',
      ],
    ],
    ['pf without rules', { pf: '' }, ['warning no packet filter translates 172.24.1.0/24']],
    ['pf', { pf: NAT }, ['ok the packet filter translates 172.24.1.0/24']],
    [
      'pf with rules, and disabled',
      { pf: NAT, 'pf-disabled': '' },
      ['warning no packet filter is at work (pf, ipfw)'],
    ],
    ['ipfw', { ipfw: IPFW }, ['ok the packet filter translates 172.24.1.0/24']],
    [
      'ipfw with rules, and disabled',
      { ipfw: IPFW, 'ipfw-disabled': '' },
      ['warning no packet filter is at work (pf, ipfw)'],
    ],
    [
      'ipfw without NAT',
      { ipfw: '65535 allow ip from any to any\n' },
      ['warning no packet filter translates'],
    ],
    [
      "somebody else's NAT",
      { pf: 'nat on em0 inet from 10.1.0.0/16 to any -> (em0)\n' },
      ['warning the packet filter translates (NAT), but no rule'],
    ],
  ] as const)('%s', async (_, files, lines) => {
    const machine = new Machine({ view, host: 'laptop' });
    for (const [name, text] of Object.entries(files)) machine.put(name, text);
    const { said } = await machine.call('vm_install', 'check');
    const found = said.replaceAll(/^(\w+) +/gm, '$1 ');
    for (const line of lines) expect(found).toContain(`\n${line}`);
    expect(said).not.toContain('puts the guest in its place');
  });

  it('tells a host that has no way out of its own', async () => {
    const machine = new Machine({ view, host: 'laptop' });
    machine.put('routes', '');
    const { said } = await machine.call('vm_install', 'check');
    expect(said).toContain('this host has no way out of its own');
  });
});

describe('vm_install apply', () => {
  it('asks for a reboot where a guest that joined networks was in its place', async () => {
    const machine = new Machine({ host: 'laptop' });
    await apply(machine);
    await machine.reboot();
    const next = newer(machine, 'newer', view);
    const reasons =
      'net.inet.ip.forwarding is 0; the default route leads to the guest; resolv.conf names the guest';
    expect((await done(machine, next, 'apply', '--yes')).said).toContain(
      `reboot now, to change this: ${reasons}\n`,
    );
    machine.put('cable', '');
    await machine.reboot();
    expect((await done(machine, next, 'apply', '--yes')).said).toContain('no reboot is needed');
  });

  it('leaves the way out and the names of the host alone, has it forward, and remove takes that back', async () => {
    const machine = new Machine({ view, host: 'laptop' });
    const before = filesOf(machine);
    await apply(machine);
    const rc = settings(readFileSync(join(machine.etc, 'rc.conf'), 'utf8'));
    expect(rc).toContain('gateway_enable="YES"');
    expect(rc.filter((line) => line.includes('172.24.1.1"'))).toEqual([]);
    expect(filesOf(machine)[0]).not.toHaveProperty('resolvconf.conf');
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });
});
