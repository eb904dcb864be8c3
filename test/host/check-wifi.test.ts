import { describe, expect, it } from 'vitest';
import { all, type Change, conf, write } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';
import { apply, laptop, read, remove } from './installing.ts';

// What hangs on FreeBSD's own Wi-Fi, and what it said that the guest does not know.

const NATIVE = ['wlans_iwm0="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"'];
const MAC = '02:00:00:00:00:01';

const warns = (name: string, words: string, ...lines: string[]): Case => [
  name,
  conf(...lines),
  0,
  'warning',
  words,
];

/** The hardware address of the running wlan0. */
const address: Change = (machine) =>
  machine.put('interfaces/wlan0', `${machine.get('interfaces/wlan0')}ether ${MAC}\n`);

const STICK = [
  'wlans_rtwn0="wlan0"',
  'ifconfig_wlan0="WPA SYNCDHCP"',
  'create_args_wlan0="country DE"',
  'wlans_iwm0="wlan1"',
  'ifconfig_wlan1="WPA SYNCDHCP" # the card',
  'create_args_wlan1="country 00"',
];

const LAGG = [
  `ifconfig_em0="ether ${MAC} up"`,
  'wlans_iwm0="wlan0"',
  'ifconfig_wlan0="WPA"',
  'cloned_interfaces="lagg0"',
  'ifconfig_lagg0="laggproto failover laggport em0 laggport wlan0 DHCP"',
];

const cases: readonly Case[] = [
  warns('a lagg', 'lagg0 loses wlan0, which the guest has then (', ...LAGG),
  warns(
    'a lagg, the port in front',
    'lagg0 loses wlan0',
    NATIVE[0]!,
    'ifconfig_lagg0="laggport wlan0 laggport em0"',
  ),
  warns(
    'a lagg with an alias',
    'lagg0 loses wlan0',
    ...NATIVE,
    "ifconfig_lagg0_ipv6='inet6 ::1 laggport wlan0'",
  ),
  warns("the card's address on its partner", `em0 is given the hardware address ${MAC} (`, ...LAGG),
  [
    "the card's address on a cable",
    all(address, conf(...NATIVE, `ifconfig_em0="link ${MAC.toUpperCase()} DHCP"`)),
    0,
    'warning',
    'em0 is given the hardware address',
  ],
  warns('a bridge', 'bridge7 loses wlan0', ...NATIVE, 'ifconfig_bridge7="addm em0 addm wlan0"'),
  warns('a VLAN', 'vlans_wlan0 names wlan0, which goes away', ...NATIVE, 'vlans_wlan0="5"'),
  warns('a jail', 'jail_web_interface names wlan0', ...NATIVE, 'jail_web_interface="wlan0"'),
  warns('a route', 'route_lan names wlan0', ...NATIVE, 'route_lan="-net 10.0.0.0/8 -iface wlan0"'),
  warns('natd', 'natd_interface names wlan0', ...NATIVE, 'natd_interface="wlan0"'),
  [
    'in rc.conf.local',
    all(conf(...NATIVE), write('etc/rc.conf.local', 'dhcpd_ifaces="em0 wlan0"\n')),
    0,
    'warning',
    'dhcpd_ifaces names wlan0',
  ],
  warns(
    'an address',
    'wlan0 has the address 192.168.1.50 (',
    NATIVE[0]!,
    'ifconfig_wlan0="WPA inet 192.168.1.50 netmask 255.255.255.0"',
  ),
  warns(
    'an address by itself',
    'wlan0 has the address 192.168.1.50/24',
    ...NATIVE,
    'ipv4_addrs_wlan0="192.168.1.50/24"',
  ),
  warns(
    'an alias',
    'wlan0 has the address 192.168.1.51/32',
    ...NATIVE,
    'ifconfig_wlan0_alias0="inet 192.168.1.51/32"',
  ),
  warns(
    'a country',
    'the country is US in create_args_wlan0 (',
    ...NATIVE,
    'create_args_wlan0="country us regdomain FCC"',
  ),
  warns(
    'a country beside WPA',
    'the country is GB in ifconfig_wlan0',
    NATIVE[0]!,
    'ifconfig_wlan0="country GB WPA DHCP"',
  ),
  warns(
    'another name of the card',
    'lagg0 loses wifi0',
    'wlans_iwm0="wifi0"',
    'ifconfig_lagg0="laggport wifi0"',
  ),
  warns('a cable in capitals', 'LAN gets its address by DHCP', ...NATIVE, 'ifconfig_LAN="DHCP"'),
  warns("a stick's", 'wlan0 gets its address by DHCP', ...STICK),
];

describe('vm_install check, of what hangs on wlan0,', () => {
  it.each(cases)('%s', expectFinding);

  it.each([
    ['nothing', NATIVE],
    ['the country of the profile', [...NATIVE, 'create_args_wlan0="country 00"']],
    [
      'others of such names',
      [...NATIVE, 'ifconfig_lagg0="laggport wlan01 laggport em0"', 'x_interface="my_wlan0"'],
    ],
    [
      'a lagg of others',
      [...NATIVE, `ifconfig_em0="ether ${MAC}"`, 'ifconfig_lagg0="laggport em0 laggport em1"'],
    ],
  ])('says nothing of %s', async (_, lines) => {
    const machine = laptop();
    conf(...lines)(machine);
    const { code, said } = await machine.call('vm_install', 'check');
    expect([code, said.split('\n').filter((line) => !/^ok |the reverse tunnel: /.test(line))]).toEqual([
      0,
      [''],
    ]);
  });

  it('retires what belongs to the card, whatever its name, and leaves the rest', async () => {
    const machine = laptop();
    conf(...STICK)(machine);
    const before = read(machine.etc, 'rc.conf');
    await apply(machine);
    const lines = read(machine.etc, 'rc.conf').split('\n');
    expect(lines.slice(0, 3)).toEqual(STICK.slice(0, 3));
    expect(lines.filter((line) => /iwm0=|wlan1/.test(line))).toEqual([]);
    await remove(machine);
    expect(read(machine.etc, 'rc.conf')).toBe(before);
    // Also when it was changed meanwhile, and where the name of the interface stands in rc.conf.local.
    write('etc/rc.conf.local', 'wlans_rtwn0="wlan0"\n')(machine);
    conf(...STICK.slice(1, 3), 'sshd_enable="NO"')(machine);
    await apply(machine);
    expect(read(machine.etc, 'rc.conf')).toContain(STICK[1]!);
    machine.play('sysrc', 'ntpd_enable=YES');
    await remove(machine);
    expect(read(machine.etc, 'rc.conf')).toBe(
      `${STICK.slice(1, 3).join('\n')}\nsshd_enable="NO"\nntpd_enable="YES"\n`,
    );
  });

  it('brings back what it retired when rc.conf was changed meanwhile', async () => {
    const machine = laptop();
    conf(...STICK)(machine);
    await apply(machine);
    machine.play('sysrc', 'ntpd_enable=YES');
    await remove(machine);
    expect(read(machine.etc, 'rc.conf').split('\n').toSorted()).toEqual(
      ['', ...STICK, 'ntpd_enable="YES"'].toSorted(),
    );
  });

  it('a lagg comes up without it', async () => {
    const machine = laptop();
    conf(...LAGG)(machine);
    await apply(machine);
    await machine.reboot();
    expect(() => machine.play('ifconfig', 'lagg0', 'laggport', 'wlan0')).toThrow('SIOCSLAGGPORT wlan0');
    machine.play('ifconfig', 'lagg0', 'laggport', 'em0');
    expect(machine.play('ifconfig', 'lagg0')).toContain('laggport: em0');
    expect(machine.get('interfaces/bridge0')).toContain('inet 172.24.1.49');
  });
});
