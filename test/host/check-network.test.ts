import { describe, it } from 'vitest';
import { rc, write } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';

const cases: readonly Case[] = [
  [
    'our network at home',
    (m) => m.put('interfaces/wlan0', 'up\ninet 172.24.1.7/24\n'),
    4,
    'error',
    'in use (wlan0 has 172.24.1.7/24)',
  ],
  [
    'inside a wider one',
    (m) => m.put('interfaces/em0', 'up\ninet 172.24.9.9/16\n'),
    4,
    'error',
    '(em0 has 172.24.9.9/16)',
  ],
  [
    'a neighbour',
    (m) => m.put('interfaces/em0', 'up\ninet 172.24.0.9/24\n'),
    0,
    'ok',
    'the network of 172.24.1.49/24 is free',
  ],
  [
    'a route to it',
    (m) => m.put('routes', '172.24.1.128/25 10.0.0.1 em0\n'),
    4,
    'error',
    'a route to 172.24.1.128/25 goes through 10.0.0.1',
  ],
  [
    'a wider route',
    (m) => m.put('routes', '172.16.0.0/12 10.0.0.1 em0\n'),
    0,
    'ok',
    'the network of 172.24.1.49/24 is free',
  ],
  [
    "a route over a tunnel's interface",
    (m) => m.put('routes', '172.24.1.0/24 link#7 wg0\n'),
    4,
    'error',
    'a route to 172.24.1.0/24 goes over wg0',
  ],
  [
    'a single address of it over a tunnel',
    (m) => m.put('routes', '172.24.1.77 link#7 wg0\n'),
    4,
    'error',
    'a route to 172.24.1.77 goes over wg0',
  ],
  [
    'the other end of a tunnel',
    (m) => m.put('interfaces/tun0', 'up\nptp 10.9.0.1 172.24.1.5\n'),
    4,
    'error',
    'a route to 172.24.1.5 goes over tun0',
  ],
  [
    'a tunnel elsewhere',
    (m) => {
      m.put('interfaces/tun0', 'up\nptp 10.9.0.1 10.9.0.2\n');
      m.put('routes', '10.8.0.0/24 link#7 wg0\n');
    },
    0,
    'ok',
    'the network of 172.24.1.49/24 is free',
  ],
  [
    'an interface in capitals',
    (m) => m.put('interfaces/LAN', 'up\ninet 172.24.1.7/24\n'),
    4,
    'error',
    'in use (LAN has 172.24.1.7/24)',
  ],
  ['another gateway', rc('defaultrouter="10.0.0.1"\n'), 0, 'warning', 'the gateway in rc.conf is 10.0.0.1'],
  ['bridge of another VM', rc('ifconfig_bridge0="addm em0 up"\n'), 4, 'error', 'bridge0 is in use already'],
  [
    'the same bridge, made by hand',
    rc('ifconfig_bridge0="inet 172.24.1.49 netmask 255.255.255.0 addm tap0 up"\n'),
    0,
    'ok',
    'the network of',
  ],
  [
    'tap of another VM',
    (m) => m.put('interfaces/tap0', 'opened 4711\n'),
    4,
    'error',
    'tap0 is in use by process 4711',
  ],
  [
    'rc.conf.local',
    write('etc/rc.conf.local', 'defaultrouter="10.0.0.1"\n'),
    4,
    'error',
    'defaultrouter is set in',
  ],
  [
    'rc.conf.d',
    write('etc/rc.conf.d/netif', 'cloned_interfaces="lo2"\n'),
    4,
    'error',
    'rc.conf.d/netif, which wins over rc.conf',
  ],
  [
    'no resolvconf',
    write('etc/resolvconf.conf', 'resolvconf=NO\n'),
    0,
    'warning',
    'write "nameserver 172.24.1.1"',
  ],
];

describe('vm_install check, of the network,', () => {
  it.each(cases)('%s', expectFinding);
});
