import { describe, it } from 'vitest';
import { conf, rc, write } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';

const OURS = /^(cloned_interfaces|autobridge_(interfaces|bridge0)|ifconfig_(bridge0|tap0))=/;

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
  ...(
    [
      ['a new name for the bridge', 'bridge0', 'ifconfig_bridge0_name="jails0bridge"'],
      ['its name for another', 'bridge0', 'ifconfig_bridge5_name="bridge0"'],
      ['its name for a card', 'tap0', "\tifconfig_em0_name='tap0'"],
      ['a new name for the tap', 'tap0', 'ifconfig_tap0_name="vmlan"'],
      ['autobridge with a card', 'bridge0', 'autobridge_bridge0="tap1 em0"'],
      ['autobridge alone', 'bridge0', 'autobridge_interfaces="bridge0"'],
      ['autobridge of another bridge', 'tap0', 'autobridge_bridge7="em0 tap*"'],
      ['a bridge among the clones', 'bridge0', 'cloned_interfaces="lo1 bridge0"'],
      ['a tap among the clones', 'tap0', 'cloned_interfaces="tap0:sticky"'],
      ['addresses', 'bridge0', 'ipv4_addrs_bridge0="192.168.77.1/24"'],
      ['an alias', 'bridge0', 'ifconfig_bridge0_alias0="inet 192.168.77.1/24"'],
      ['what it is made with', 'bridge0', 'create_args_bridge0="inet 192.168.77.1/24"'],
      ['IPv6', 'tap0', 'ifconfig_tap0_ipv6="inet6 fd00::1/64"'],
      ['an address', 'tap0', 'ifconfig_tap0="inet 10.77.0.1/24"'],
      ['a member of another bridge', 'tap0', 'ifconfig_bridge7="addm em0 addm tap0 up"'],
      ['behind a test', 'bridge0', '[ -e /x ] && ipv4_addrs_bridge0="10.1.1.1/24"'],
      ['exported', 'bridge0', 'export ifconfig_bridge0_name="lan"'],
    ] as const
  ).flatMap(([name, interface_, line]): Case[] => {
    const setting = line.replace(/^.*?(\w+=)["'](.*)["'].*$/, '$1"$2"');
    const words = `${interface_} is in use already (${setting}, `;
    const elsewhere: Case[] = [
      [`${name}, in rc.conf.local`, write('etc/rc.conf.local', `${line}\n`), 4, 'error', words],
      [`${name}, in rc.conf.d`, write('etc/rc.conf.d/network', `${line}\n`), 4, 'error', words],
    ];
    return [
      [name, conf(line), 4, 'error', words],
      // There ours could not be set at all, which is told besides.
      ...(OURS.test(line) ? [] : elsewhere),
    ];
  }),
  [
    "a jail manager's bridge",
    conf(
      'cloned_interfaces="bridge0"',
      'ifconfig_bridge0_name="jails0bridge"',
      'ifconfig_jails0bridge="addm em0 up"',
    ),
    4,
    'error',
    'bridge0 is in use already (ifconfig_bridge0_name="jails0bridge", ',
  ],
  [
    'others of these names',
    conf(
      'cloned_interfaces="bridge01 tap01 lo1"',
      'ifconfig_bridge01_name="jails"',
      'autobridge_bridge01="tap0?"',
    ),
    0,
    'ok',
    'the network of',
  ],
  [
    'a bridge that was made by somebody else meanwhile',
    (m) => m.put('interfaces/bridge0', 'up\ninet 192.168.77.1/24\nmember em0\nmember vnet0.3\n'),
    4,
    'error',
    'bridge0 is in use already (192.168.77.1, members em0 vnet0.3)',
  ],
  [
    'one with members only',
    (m) => m.put('interfaces/bridge0', 'up\nmember em0\n'),
    4,
    'error',
    'bridge0 is in use already (members em0)',
  ],
  [
    'a tap with an address',
    (m) => m.put('interfaces/tap0', 'up\ninet 10.77.0.1/24\n'),
    4,
    'error',
    'tap0 is in use already (10.77.0.1)',
  ],
  [
    'a tap in another bridge',
    (m) => {
      m.put('interfaces/tap0', 'up\n');
      m.put('interfaces/bridge7', 'up\nmember tap0\n');
    },
    4,
    'error',
    'tap0 is in use already (a member of bridge7)',
  ],
  [
    'a bridge and a tap of nobody',
    (m) => {
      m.put('interfaces/tap0', '');
      m.put('interfaces/bridge0', 'up\nmember tap0\n');
    },
    0,
    'ok',
    'bridge0 lacks its address; vm_install apply and a reboot change that',
  ],
  [
    'the same bridge, made by hand, as the snippets say',
    conf(
      'cloned_interfaces="bridge0:sticky tap0:sticky"',
      'ifconfig_bridge0="inet 172.24.1.49/24"',
      'autobridge_interfaces="bridge0"',
      'autobridge_bridge0="tap0"',
      'ifconfig_tap0="up"',
    ),
    0,
    'ok',
    'the network of',
  ],
  [
    'the same bridge, made by hand, with a cable in it',
    conf('ifconfig_bridge0="inet 172.24.1.49/24"', 'autobridge_bridge0="tap0 em0"'),
    4,
    'error',
    'bridge0 is in use already (autobridge_bridge0="tap0 em0"',
  ],
  [
    'the same bridge, made by hand',
    rc('ifconfig_bridge0="inet 172.24.1.49 netmask 255.255.255.0 addm tap0 up"\n'),
    0,
    'ok',
    'the network of',
  ],
  [
    'a card in our bridge',
    (m) => {
      m.put('interfaces/tap0', '');
      m.put('interfaces/epair7a', 'up\n');
      m.put('interfaces/bridge0', 'up\ninet 172.24.1.49/24\nmember tap0\nmember epair7a\nmember em0\n');
    },
    0,
    'warning',
    'em0 is a member of bridge0: whoever is on that cable gets address and route from the guest',
  ],
  [
    'jails and VMs in our bridge',
    (m) => {
      for (const name of ['tap0', 'tap1', 'epair7a']) m.put(`interfaces/${name}`, '');
      m.put('interfaces/bridge0', 'up\ninet 172.24.1.49/24\nmember tap0\nmember tap1\nmember epair7a\n');
    },
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
