import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { all, type Change, conf, write } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';
import { laptop } from './installing.ts';

// Packet filters and jails that only know FreeBSD's own Wi-Fi, and other VMs that want the card.

const NATIVE = ['wlans_iwm0="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"'];

const warned = (name: string, line: string, file: string, text: string, at: number, own = 'wlan0'): Case => [
  name,
  all(conf(...NATIVE, line), write(file, text)),
  0,
  'warning',
  `${file} line ${at} names ${own}, which goes away`,
];

const PF = 'ext_if="wlan0"\nset skip on lo0\nblock all\npass out on $ext_if keep state\n';

const filters: readonly Case[] = [
  warned('pf', 'pf_enable="YES"', 'etc/pf.conf', PF, 1),
  warned('pf with rules elsewhere', 'pf_enable=yes; pf_rules=/etc/pf.home.conf', 'etc/pf.home.conf', PF, 1),
  warned(
    'NAT for jails',
    'pf_enable="YES"',
    'etc/pf.conf',
    '# jails\nnat on wlan0 from lo1:network to any -> (wlan0)\n',
    2,
  ),
  warned('the group of all Wi-Fi', 'pf_enable="YES"', 'etc/pf.conf', '\npass on wlan\n', 2, 'wlan'),
  [
    'a file that pf.conf reads',
    all(
      conf(...NATIVE, 'pf_enable="YES"'),
      write('etc/pf.conf', 'include "/etc/pf.more"\n'),
      write('etc/pf.more', 'pass on { em0, wlan0 }\n'),
    ),
    0,
    'warning',
    'etc/pf.more line 1 names wlan0',
  ],
  warned(
    'ipfw by a script',
    'firewall_enable="YES"; firewall_script="/etc/ipfw.rules"',
    'etc/ipfw.rules',
    'add 100 allow ip from any to any via wlan0\n',
    1,
  ),
  warned(
    'ipfw by rules',
    'firewall_enable="YES"; firewall_type="/etc/ipfw"',
    'etc/ipfw',
    'add allow ip from any to any via wlan0\n',
    1,
  ),
  warned('ipfilter', 'ipfilter_enable="YES"', 'etc/ipf.rules', 'pass out quick on wlan0 all\n', 1),
  warned('ipnat', 'ipnat_enable="YES"', 'etc/ipnat.rules', 'map wlan0 10.0.0.0/8 -> 0/32\n', 1),
  [
    "ipfw's own NAT",
    conf(...NATIVE, 'firewall_enable="YES"', 'firewall_nat_interface="wlan0"'),
    0,
    'warning',
    'firewall_nat_interface names wlan0',
  ],
  warned('a jail', 'jail_enable="YES"', 'etc/jail.conf', 'web {\n  interface = "wlan0";\n}\n', 2),
  warned(
    'a jail with a file of its own',
    'jail_enable="YES"',
    'etc/jail.conf.d/web.conf',
    'ip4.addr = "wlan0|10.1.1.1/24";\n',
    1,
  ),
];

const NETWORKS = 'usr/local/etc/wifibox/wpa_supplicant/wpa_supplicant.conf';
const WIFIBOX = [
  'wifibox_enable="YES"',
  'ifconfig_wifibox0="SYNCDHCP"',
  'background_dhclient_wifibox0="YES"',
  'defaultroute_delay="0"',
];

const vms: readonly Case[] = [
  ['wifibox', conf(...WIFIBOX), 4, 'error', 'wifibox is enabled (/'],
  [
    'wifibox, with its networks',
    all(conf(...WIFIBOX), write(NETWORKS, 'network={\n}\n')),
    4,
    'error',
    NETWORKS,
  ],
  [
    'wifibox with the same card, in rc.conf.local',
    all(
      write('etc/rc.conf.local', 'wifibox_enable=yes\n'),
      write('usr/local/etc/wifibox/bhyve.conf', '# passthru=\npassthru=6/0/0,4/0/0\n'),
    ),
    4,
    'error',
    'uses the card at 4/0/0: service wifibox stop; service wifibox disable',
  ],
  [
    'wifibox with another card',
    all(conf(...WIFIBOX), write('usr/local/etc/wifibox/bhyve.conf', "passthru='6/0/0'\n")),
    0,
    'warning',
    'wifibox is enabled',
  ],
  [
    'a guest of vm-bhyve',
    (machine) => {
      conf('vm_enable="YES"', `vm_dir="${machine.root}/vm"`)(machine);
      write('vm/router/router.conf', 'loader="uefi"\npassthru0="4/0/0=6:0"\n')(machine);
    },
    4,
    'error',
    'the guest router of vm-bhyve is given the card at 4/0/0, too',
  ],
  [
    'a guest of vm-bhyve in a dataset',
    (machine) => {
      conf('vm_enable="YES"', 'vm_dir="zfs:zroot/vm"')(machine);
      machine.put('datasets', `zroot/vm ${machine.root}/vm\n`);
      write('vm/router/router.conf', 'passthru1="4/0/0"\n')(machine);
    },
    4,
    'error',
    'the guest router of vm-bhyve',
  ],
  [
    'a guest of cbsd',
    (machine) => {
      conf('cbsdd_enable="YES"', `cbsd_workdir="${machine.root}/cbsd"`)(machine);
      mkdirSync(join(machine.root, 'cbsd/jails-system/wifi'), { recursive: true });
      writeFileSync(
        join(machine.root, 'cbsd/jails-system/wifi/local.sqlite'),
        Buffer.from('SQLite format 3\0\x10\x02ppt\x004/0/0\0\x01', 'latin1'),
      );
    },
    4,
    'error',
    'the guest wifi of cbsd is given the card at 4/0/0, too',
  ],
];

const quiet: readonly (readonly [string, Change])[] = [
  ['a filter that is switched off', all(conf(...NATIVE), write('etc/pf.conf', PF))],
  [
    'a filter that knows the bridge too',
    all(conf(...NATIVE, 'pf_enable="YES"'), write('etc/pf.conf', `${PF}pass on bridge0\n`)),
  ],
  [
    'remarks and longer names',
    all(
      conf(...NATIVE, 'pf_enable="YES"'),
      write('etc/pf.conf', '# wlan0\npass on wlan01 # wlan0\ntable <my_wlan0>\n'),
    ),
  ],
  [
    'guests with other cards',
    (machine) => {
      conf(...NATIVE, 'vm_enable="YES"', `vm_dir="${machine.root}/vm"`, 'wifibox_enable="NO"')(machine);
      write('vm/a/a.conf', 'passthru0="14/0/0"\n#passthru1="4/0/0"\n')(machine);
    },
  ],
];

describe('vm_install check, of what others have', () => {
  it.each(filters)('warns: %s', expectFinding);
  it.each(vms)('tells %s', expectFinding);

  it.each(quiet)('says nothing of %s', async (_, change) => {
    const machine = laptop();
    change(machine);
    const { code, said } = await machine.call('vm_install', 'check');
    expect([code, said.split('\n').filter((line) => !/^ok |the reverse tunnel: /.test(line))]).toEqual([
      0,
      [''],
    ]);
  });

  it('says of wifibox nothing else', async () => {
    const machine = laptop();
    conf(...NATIVE, ...WIFIBOX)(machine);
    const { said } = await machine.call('vm_install', 'check');
    expect(said.match(/wifibox/g)?.length).toBe(3);
    expect(said).not.toMatch(/^warning (?!.*reverse tunnel)/m);
  });
});
