import { describe, expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { AWKS, runAwks } from './awks.ts';

/** What ifconfig and netstat print on a machine whose bridge is up, with more of each. */
const machine = (
  interfaces: string,
  routes: string,
): string => `lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
	inet 127.0.0.1 netmask 0xff000000
bridge0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	ether 58:9c:fc:10:ff:d5
	inet 172.24.1.49 netmask 0xffffff00 broadcast 172.24.1.255
	member: tap0 flags=143<LEARNING,DISCOVER,AUTOEDGE,AUTOPTP>
${interfaces}Routes
Routing tables

Internet:
Destination        Gateway            Flags         Netif Expire
default            172.24.1.1         UGS         bridge0
127.0.0.1          link#1             UH              lo0
172.24.1.0/24      link#2             U           bridge0
172.24.1.49        link#1             UHS             lo0
${routes}`;

const card = (name: string, address: string, mask: string): string =>
  `${name}: flags=1008843<UP,BROADCAST,RUNNING> metric 0 mtu 1500\n\tinet ${address} netmask ${mask} broadcast 1.2.3.4\n`;

/** Debian's busybox awk knows no powers; the host has FreeBSD's own, the one true awk. */
const COUNTING = AWKS.filter((awk) => awk !== 'busybox awk');

function answer(input: string, values: Readonly<Record<string, string | number>>): string {
  const words = Object.entries(values).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  return runAwks(['ranges'], words, [freshFile(input)], COUNTING).trim();
}

describe('what shares addresses with 172.24.1.49/24', () => {
  it.each([
    ['nothing', '', '', ''],
    ['a card', card('em0', '172.24.1.7', '0xffffff00'), '', 'em0 has 172.24.1.7/24'],
    ['a larger network', card('em0', '172.24.9.9', '0xffff0000'), '', 'em0 has 172.24.9.9/16'],
    ['a smaller one', card('em0', '172.24.1.200', '0xfffffff8'), '', 'em0 has 172.24.1.200/29'],
    [
      'no neighbour',
      card('em0', '172.24.0.255', '0xffffff00') + card('em1', '172.24.2.0', '0xffffff00'),
      '',
      '',
    ],
    [
      'two',
      card('em0', '172.24.1.7', '0xffffff00') + card('tun0', '172.24.1.8', '0xffffffff'),
      '',
      'em0 has 172.24.1.7/24, tun0 has 172.24.1.8/32',
    ],
    [
      'a route',
      '',
      '172.24.1.128/25    10.0.0.1           UGS            tun0\n',
      'a route to 172.24.1.128/25 goes through 10.0.0.1',
    ],
    [
      'a route to one',
      '',
      '172.24.1.9         10.0.0.1           UGHS           tun0\n',
      'a route to 172.24.1.9 goes through 10.0.0.1',
    ],
    [
      'no wider route, which does not win',
      '',
      '172.16.0.0/12      10.0.0.1           UGS            tun0\n',
      '',
    ],
    ['no route through the bridge', '', '172.24.1.9         172.24.1.1         UGHS        bridge0\n', ''],
    [
      "a tunnel's, over its interface",
      '',
      '172.24.1.0/24      link#7             US              wg0\n172.24.1.9         link#7             UHS             wg0\n',
      'a route to 172.24.1.0/24 goes over wg0, a route to 172.24.1.9 goes over wg0',
    ],
    [
      'a peer',
      'tun0: flags=1008051<UP,POINTOPOINT>\n\tinet 10.9.0.1 --> 172.24.1.5 netmask 0xffffffff\n',
      '172.24.1.5         link#7             UH             tun0\n10.9.0.1           link#7             UHS             lo0\n',
      'a route to 172.24.1.5 goes over tun0',
    ],
    [
      'a peer with a wide mask',
      'tun0: flags=1008051<UP,POINTOPOINT>\n\tinet 172.24.9.1 --> 172.24.9.2 netmask 0xffff0000\n',
      '',
      'tun0 has 172.24.9.1/16',
    ],
    ['an interface in capitals', card('LAN', '172.24.1.7', '0xffffff00'), '', 'LAN has 172.24.1.7/24'],
    ['no network of an interface', '', '172.24.1.0/24      link#7             U               em0\n', ''],
    [
      "no route that is a card's address once more",
      '',
      '172.24.1.8         link#7             UHS             lo0\n',
      '',
    ],
  ])('%s', (_, interfaces, routes, told) => {
    const input = machine(interfaces, routes);
    expect(answer(input, { want: 'clash', host: '172.24.1.49', width: 24, bridge: 'bridge0' })).toBe(told);
  });
});

describe('a range that is free', () => {
  const ALL = ['10.137', '172.27', '10.214', '172.30', '172.24'];
  const taken = (...networks: string[]): string =>
    networks.map((network, index) => card(`em${index}`, `${network}.1.9`, '0xffffff00')).join('');

  it.each([
    ['the first', '', 24, '0.0.0.0/32', '10.137.1.49/24 10.137.1.1'],
    ['the next, when that is taken', taken('10.137'), 24, '0.0.0.0/32', '172.27.1.49/24 172.27.1.1'],
    ['none that the lease is in', '', 24, '10.128.0.1/9', '172.27.1.49/24 172.27.1.1'],
    ['the last', taken(...ALL), 24, '0.0.0.0/32', '192.168.211.49/24 192.168.211.1'],
    ['for few addresses', '', 26, '0.0.0.0/32', '10.137.1.49/26 10.137.1.1'],
    ['for many', '', 20, '0.0.0.0/32', '10.137.1.49/20 10.137.1.1'],
    ['for 65536', '', 16, '0.0.0.0/32', '10.137.1.49/16 10.137.1.1'],
    ['none for more', '', 15, '0.0.0.0/32', ''],
    ['none in which many have no place', taken(...ALL), 23, '0.0.0.0/32', ''],
    [
      'none at all',
      taken(...ALL, '192.168.211').replace('192.168.211.1.9', '192.168.211.9'),
      24,
      '0.0.0.0/32',
      '',
    ],
  ])('%s', (_, interfaces, width, lease, told) => {
    const values = {
      want: 'free',
      host: '172.24.1.49',
      guest: '172.24.1.1',
      width,
      bridge: 'bridge0',
      lease,
    };
    expect(answer(machine(interfaces, ''), values)).toBe(told);
  });

  it('none that a tunnel uses', () => {
    const routes = '10.137.0.0/16      link#7             US              wg0\n';
    const wide = { want: 'free', host: '172.24.1.49', guest: '172.24.1.1', width: 24, bridge: 'bridge0' };
    const narrow = routes.replace('10.137.0.0/16', '10.137.1.0/24');
    expect(answer(machine('', narrow), { ...wide, lease: '0.0.0.0/32' })).toBe('172.27.1.49/24 172.27.1.1');
    expect(answer(machine('', routes), { ...wide, lease: '0.0.0.0/32' })).toBe('172.27.1.49/24 172.27.1.1');
  });

  it('is found beside a bridge whose name netstat cuts', () => {
    const input = machine('', '172.24.1.0/24      link#2             US         bridge10\n');
    expect(answer(input, { want: 'clash', host: '172.24.1.49', width: 24, bridge: 'bridge1000' })).toBe(
      'bridge0 has 172.24.1.49/24',
    );
  });
});
