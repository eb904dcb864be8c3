import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sysctl, replace, cpu, all, AMD, id, VMM } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';
import { laptop } from './installing.ts';
import { treeBelow } from './tree.ts';

const cases: readonly Case[] = [
  ['arm64', (m) => m.put('machine', 'arm64\n'), 3, 'error', 'this machine is arm64'],
  ['FreeBSD 12', (m) => m.put('release', '12.4-RELEASE\n'), 3, 'error', '13.0 or later'],
  [
    'FreeBSD 15',
    (m) => m.put('release', '15.0-RELEASE\n'),
    0,
    'warning',
    'the profile was made for FreeBSD 14.3',
  ],
  [
    '/var that is full',
    (m) => m.put('full-places', `${m.var} 12\n`),
    7,
    'error',
    'var: 1 MB is needed, 12 KB are free',
  ],
  ['in a jail', sysctl('security.jail.jailed', '1'), 3, 'error', 'this is a jail'],
  ['securelevel', sysctl('kern.securelevel', '1'), 4, 'error', 'kern.securelevel is above 0'],
  ['one CPU too few', sysctl('hw.ncpu', '0'), 3, 'error', 'more than this machine'],
  [
    'VT-x off',
    cpu('  VT-x: (disabled in BIOS) PAT,HLT\n'),
    4,
    'error',
    'switch on VT-x (Intel) or SVM (AMD)',
  ],
  ['no VT-x', cpu('  Features=0x1<FPU>\n'), 3, 'error', 'it has neither VT-x nor SVM'],
  [
    'no report',
    (m) => rmSync(join(m.var, 'run/dmesg.boot')),
    0,
    'warning',
    'does not say whether the CPU has',
  ],
  [
    'an old CPU',
    all(VMM, sysctl('hw.vmm.vmx.cap.unrestricted_guest', '0')),
    3,
    'error',
    '"unrestricted guest"',
  ],
  [
    'no IOMMU, though the sysctl is 1',
    (m) => m.put('acpi-tables', 'XSDT\nFACP\n'),
    4,
    'error',
    'no DMAR or IVRS table',
  ],
  [
    'IOMMU forbidden',
    (m) => m.put('kenv', 'hw.vmm.iommu.enable="0"\n'),
    4,
    'error',
    'hw.vmm.iommu.enable="0"',
  ],
  ['AMD', AMD, 0, 'ok', "vmm does not use AMD's IOMMU (hw.vmm.amdvi.enable); vm_install apply and a reboot"],
  ['AMD, SVM', AMD, 0, 'ok', 'the CPU has SVM'],
  ['AMD, vmm loaded', all(AMD, VMM), 0, 'ok', "the guest's loader is"],
  [
    'AMD, vmm loaded, no report',
    all(AMD, VMM, (m) => rmSync(join(m.var, 'run/dmesg.boot'))),
    0,
    'warning',
    'does not say whether the CPU has',
  ],
  [
    'Intel, vmm loaded, no report',
    all(VMM, (m) => rmSync(join(m.var, 'run/dmesg.boot'))),
    0,
    'ok',
    'the CPU has VT-x',
  ],
  [
    'a card that moved',
    replace('pciconf', 'pci0:4:0:0', 'pci0:58:0:0'),
    4,
    'error',
    'is at 58/0/0 now, the profile says 4/0/0',
  ],
  ['another card', replace('pciconf', '0x24f3', '0x2723'), 4, 'error', '(there is 8086:2723)'],
  [
    'no MSI',
    (m) => m.put('pci-capabilities', 'pci0:4:0:0 01[c8] = powerspec 3\n'),
    3,
    'error',
    'neither MSI nor MSI-X',
  ],
  ['MT7922', id('14c3', '0616'), 0, 'warning', 'Transactions pending after FLR!'],
  [
    'RZ616',
    id('14c3', '7922'),
    0,
    'warning',
    'the card MediaTek MT7922 (14c3:7922 at 4/0/0): Often FreeBSD cannot',
  ],
  [
    'BCM4360',
    id('14e4', '43a0'),
    3,
    'error',
    'the card Broadcom BCM4360 (14e4:43a0 at 4/0/0) does not work in a guest: Linux',
  ],
  [
    'BCM4360 by force',
    all(id('14e4', '43a0'), (m) => m.edit('vm.conf', "CARD_FORCE=''", "CARD_FORCE='14e4:43a0'")),
    0,
    'warning',
    'the card Broadcom BCM4360 (14e4:43a0 at 4/0/0) is taken by force: Linux drives it only by wl',
  ],
  ['native 11n', id('8086', '0082'), 0, 'warning', 'itself, with 802.11n: a guest brings nothing more'],
  [
    'AX200 on FreeBSD 13.0',
    all(id('8086', '2723'), (m) => m.put('release', '13.0-RELEASE-p11\n')),
    0,
    'warning',
    'cards like 8086:2723 (AX200) need FreeBSD 13.1 or later',
  ],
  ['no grub-bhyve', (m) => m.replace('grub-bhyve'), 4, 'error', 'pkg install grub2-bhyve'],
  ['too little memory', sysctl('hw.physmem', '536870912'), 4, 'error', 'this machine has only 512M'],
  ['disk full', (m) => m.put('free-kilobytes', '4000\n'), 7, 'error', 'too little space'],
  ['disk nearly full', (m) => m.put('free-kilobytes', '400000\n'), 0, 'warning', 'may grow to 512M'],
  [
    'a dataset with a blank in its name',
    (m) => m.put('dataset', 'zroot/VM store\n'),
    0,
    'ok',
    '4882 MB are free',
  ],
  [
    'a full dataset with a blank in its name',
    all(
      (m) => m.put('dataset', 'zroot/VM 44% store\n'),
      (m) => m.put('free-kilobytes', '-4000\n'),
    ),
    7,
    'error',
    'too little space',
  ],
  [
    'vmm refused to start',
    all(
      (m) => m.put('modules', 'kernel\nvmm\n'),
      (m) => m.put('vmm-is-dead', '1'),
    ),
    4,
    'error',
    'vmm is loaded but does not work on this machine: "dmesg | grep -E \'vmm|vmx|svm\'" says why',
  ],
  [
    'a damaged script',
    (m) => writeFileSync(join(m.bundle, 'vm_kill'), 'exit 0\n'),
    6,
    'error',
    'vm_kill is missing or not what SHA256SUMS says',
  ],
  ['a missing file', (m) => rmSync(join(m.bundle, 'grub.cfg')), 6, 'error', 'grub.cfg is missing'],
  ['no ISO', (m) => rmSync(m.iso), 4, 'error', 'run vm_fetch'],
  ['wrong ISO', (m) => writeFileSync(m.iso, 'x'), 6, 'error', 'is not the file that was pinned'],
];

describe('vm_install check', () => {
  it('a laptop that can have it', async () => {
    const machine = laptop();
    const { code, said } = await machine.call('vm_install', 'check');
    expect(code).toBe(0);
    expect(said.replaceAll(machine.root, '').trimEnd().split('\n')).toEqual([
      'ok       FreeBSD 14.3-RELEASE-p2 on amd64',
      'ok       the CPU has VT-x',
      'ok       the IOMMU (VT-d) is on',
      'ok       the card 8086:24f3 at 4/0/0 is held by iwm0, not by ppt; vm_install apply and a reboot change that',
      'ok       FreeBSD 14.3 can drive the card Intel Wireless-AC 8260 itself, with 802.11ac: "vm_native on" compares',
      'ok       the card 8086:24f3 at 4/0/0 has MSI',
      "ok       the guest's loader is /bin/grub-bhyve",
      'ok       the guest gets 384M of 8192M memory',
      'ok       4882 MB are free in /mnt/vm_bhyve/linuxguest',
      'ok       the network of 172.24.1.49/24 is free',
      'warning  em0 gets its address by DHCP (rc.conf): with the cable in there are two ways out, and the default route that is there first is used, also when it leads nowhere (netstat -rn)',
      'warning  the country is DE in create_args_wlan0 (/etc/rc.conf line 7) and 00 in the profile (wifi.country), which counts for the guest',
      'ok       the loader is to keep the card for the guest (pptdevs="4/0/0")',
      "warning  the reverse tunnel: port 2210 on every Wi-Fi that the guest joins reaches this host's sshd (port 22), for whoever is there, and all visitors come from 127.0.0.1, so that rules for addresses do not hold; firewall.only: trusted in the profile keeps it to networks that vm_site has marked, ssh.reverse switches it off",
      'ok       only root can write into /mnt/vm_bhyve/linuxguest and the directories around it',
      'ok       all files of the bundle /bundle are as they were built',
      'ok       the Alpine ISO /bundle/iso/alpine-standard-3.24.1-x86_64.iso is the one that was pinned',
    ]);
  });

  it.each(cases)('%s', expectFinding);

  it('says of 802.11ac what this release can do, and not a later one', async () => {
    const machine = laptop();
    const said = async (release: string): Promise<string> => {
      machine.put('release', `${release}\n`);
      return (await machine.call('vm_install', 'check')).said;
    };
    expect(await said('14.2-RELEASE')).not.toContain('802.11');
    expect(await said('14.10-RELEASE')).toContain('FreeBSD 14.10 can drive');
    expect(await said('15.0-RELEASE')).toContain('FreeBSD 15.0 can drive');
  });

  it('looks at everything although nothing is right, and changes nothing', async () => {
    const machine = laptop();
    const leaveOut = /^(state|said-)/;
    machine.put('uid', '1001\n');
    machine.put('acpi-tables', 'XSDT\n');
    rmSync(machine.iso);
    const before = treeBelow(machine.root, leaveOut);
    const { code, said } = await machine.call('vm_install', 'check');
    expect(code).toBe(4);
    expect(said).toContain('error    not run by root');
    expect(said).toContain("warning  the firmware's tables cannot be read");
    expect(said).toContain('warning  whether the card 8086:24f3 at 4/0/0 has MSI is not known');
    expect(said).toContain('error    the Alpine ISO');
    expect(said).toContain('ok       all files of the bundle');
    expect(treeBelow(machine.root, leaveOut)).toEqual(before);
  });

  it('a second place for the same machine', async () => {
    const machine = laptop();
    expect((await machine.call('vm_install', 'apply', '--yes')).code).toBe(0);
    machine.edit('vm.conf', machine.directory, '/srv/airhive');
    const { code, said } = await machine.call('vm_install', 'check');
    expect(code).toBe(4);
    expect(said).toContain(`error    airhive is installed in ${machine.directory}`);
  });
});
