import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AMD, sysctl } from './changes.ts';
import { Machine, PCICONF } from './machine.ts';

type Fault = readonly [name: string, spoil: (machine: Machine) => void, code: number, words: string];

const faults: readonly Fault[] = [
  ['not root', (m) => m.put('uid', '1001\n'), 4, 'must be run by root'],
  ['arm64', (m) => m.put('machine', 'arm64\n'), 3, 'this machine is arm64'],
  ['FreeBSD 12', (m) => m.put('release', '12.4-RELEASE\n'), 3, '13.0 or later'],
  ['no vmm', (m) => m.put('modules', 'nmdm\n'), 4, 'vmm_load="YES"'],
  [
    'vmm that refused to start',
    (m) => m.put('vmm-is-dead', '1'),
    4,
    'vmm is loaded but does not work on this machine',
  ],
  [
    'card with its own driver',
    (m) => m.put('pciconf', PCICONF.replace('ppt0@', 'iwlwifi0@')),
    4,
    'the card 8086:24f3 at 4/0/0 is held by iwlwifi0, not by ppt: run "vm_install apply" and reboot',
  ],
  [
    'card moved',
    (m) => m.put('pciconf', PCICONF.replace('pci0:4:0:0', 'pci0:58:0:0')),
    4,
    'the card 8086:24f3 is at 58/0/0 now, the profile says 4/0/0',
  ],
  [
    'another card there',
    (m) => m.put('pciconf', PCICONF.replace('0x24f3', '0x2723')),
    4,
    'there is no card 8086:24f3 at 4/0/0 (there is 8086:2723) nor anywhere else',
  ],
  ['no grub-bhyve', (m) => m.replace('grub-bhyve'), 4, 'pkg install grub2-bhyve'],
  ['old Intel CPU', sysctl('hw.vmm.vmx.cap.unrestricted_guest', '0'), 3, '"unrestricted guest"'],
  ['too little memory', (m) => m.put('sysctl', 'hw.physmem=536870912\n'), 4, 'this machine has only 512M'],
  ['no tap', (m) => rmSync(join(m.state, 'interfaces/tap0')), 4, 'there is no tap0'],
  ['tap in use', (m) => m.put('interfaces/tap0', 'opened 4711\n'), 4, 'tap0 is in use by process 4711'],
  ['no bridge', (m) => rmSync(join(m.state, 'interfaces/bridge0')), 4, 'there is no bridge0'],
  [
    'bridge without its address',
    (m) => m.put('interfaces/bridge0', 'inet 172.24.1.4\nmember tap0\n'),
    4,
    'run "ifconfig bridge0 inet 172.24.1.49/24"',
  ],
  [
    'tap not in the bridge',
    (m) => m.put('interfaces/bridge0', 'inet 172.24.1.49\nmember tap01\n'),
    4,
    'run "ifconfig bridge0 addm tap0 up"',
  ],
  [
    "somebody else's bridge",
    (m) => m.put('interfaces/bridge0', 'up\ninet 192.168.77.1/24\nmember em0\n'),
    4,
    'bridge0 is in use already (192.168.77.1, members em0): choose another name in the profile',
  ],
  [
    'a tap in another bridge',
    (m) => {
      m.put('interfaces/bridge0', 'up\ninet 172.24.1.49\n');
      m.put('interfaces/bridge7', 'up\nmember tap0\n');
    },
    4,
    'tap0 is in use already (a member of bridge7)',
  ],
  ['no ISO', (m) => rmSync(m.iso), 4, 'run vm_fetch'],
  [
    'wrong ISO',
    (m) => {
      chmodSync(m.iso, 0o644);
      writeFileSync(m.iso, 'x', { flag: 'r+' });
    },
    6,
    'is not the file that was pinned',
  ],
  ['no vdisk', (m) => rmSync(join(m.bundle, 'disk0.img')), 4, 'copy the whole bundle again'],
  ['wrong vdisk', (m) => m.edit('disk0.img', 'FAT', 'fat'), 6, 'disk0.img is not what SHA256SUMS says'],
];

describe('vm_run says in one line what is missing', () => {
  it.each(faults)('%s', async (_, spoil, code, words) => {
    const machine = new Machine();
    spoil(machine);
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(code);
    expect(ended.said).toContain(words);
    expect(ended.said.trimEnd().split('\n')).toHaveLength(1);
    expect(ended.said).toMatch(/^vm_run: /);
    expect(machine.calls('bhyve')).toEqual([]);
    expect(existsSync(machine.data)).toBe(false);
  });

  it('all of it at once, and ends with the code of the first', async () => {
    const machine = new Machine({ view: { loader: 'uefi', console: 'nmdm' } });
    machine.put('modules', '');
    machine.put('pciconf', '');
    rmSync(join(machine.local, 'share/uefi-firmware/BHYVE_UEFI.fd'));
    rmSync(machine.iso);
    machine.edit('disk0.img', 'FAT', 'fat');
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(4);
    expect(ended.said.trimEnd().split('\n')).toHaveLength(6);
    expect(ended.said).toContain('pkg install bhyve-firmware');
    expect(ended.said).toContain('kldload nmdm');
  });

  it("an AMD CPU has no such switch: Intel's is there as 0 and means nothing", async () => {
    const machine = new Machine();
    AMD(machine);
    machine.put('plan', 'exit 1 700\n');
    expect((await machine.call('vm_run')).code).toBe(0);
  });

  it('one of two cards missing', async () => {
    const machine = new Machine({ view: { deviceList: '4/0/0=8086:24f3 5/0/1=14c3:0608' } });
    expect((await machine.call('vm_run')).said).toBe(
      'vm_run: there is no card 14c3:0608 at 5/0/1 nor anywhere else: is it switched off in the firmware setup, or ' +
        'is this bundle for another machine?\n',
    );
  });

  it('a folder with a blank or a comma in its path', async () => {
    for (const folder of ['my bundle', 'a,b', "o'hara"]) {
      const machine = new Machine({ folder });
      for (const script of ['vm_run', 'vm_kill', 'vm_fetch']) {
        const ended = await machine.call(script);
        expect(ended.code).toBe(2);
        expect(ended.said).toContain('move it to a path of letters');
      }
    }
  });

  it('wrong usage', async () => {
    const machine = new Machine();
    for (const script of ['vm_run', 'vm_kill', 'vm_fetch', 'lib/console-log']) {
      const ended = await machine.call(script, '--now');
      expect(ended.code).toBe(2);
    }
  });
});
