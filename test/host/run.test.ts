import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Machine, pathOf } from './machine.ts';

const ISO = 'alpine-standard-3.24.1-x86_64.iso';
/** As much of a FAT as tells it from anything else. */
const FAT = Buffer.alloc(1 << 20);
FAT.writeUInt16LE(0xaa55, 510);

describe('vm_run starts the guest', () => {
  it('with exactly the arguments of the intel8260 profile', async () => {
    const machine = new Machine({ view: { console: 'nmdm' } });
    machine.put('plan', 'exit 1 700\n');
    const ended = await machine.call('vm_run');
    expect(ended).toMatchObject({ code: 0, signal: null });
    const { bundle, run } = machine;
    expect(machine.calls('grub-bhyve')).toEqual([
      `-S -M 384M -m ${run}/device.map -r host -d ${bundle} -g grub.cfg airhive`,
    ]);
    expect(readFileSync(join(run, 'device.map'), 'utf8')).toBe(`(cd0) ${bundle}/iso/${ISO}\n`);
    expect(machine.calls('bhyve')).toEqual([
      [
        '-A -H -P -S -u -w -c 1 -m 384M -s 0:0,hostbridge -s 2:0,virtio-net,tap0',
        `-s 3:0,ahci-cd,${bundle}/iso/${ISO},ro -s 4:0,virtio-blk,${bundle}/disk0.img,ro`,
        `-s 4:2,virtio-blk,${machine.data}/state.img -s 5:0,passthru,4/0/0 -s 7:0,virtio-rnd -s 31:0,lpc`,
        `-l com1,${machine.dev}/nmdm-airhive.1A airhive`,
      ].join(' '),
    ]);
    expect(machine.calls('ifconfig')).toContain('tap0 up');
    expect(existsSync(machine.vmm)).toBe(false);
    expect(ended.said).toContain('vm_run: the guest powered off');
  });

  it('so that it leaves no core, which would hold its keys', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 1 700\n');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.get('bhyve-core')).toBe('0\n');
  });

  it('with the site disk as function 1 when there is one', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 1 700\n');
    mkdirSync(machine.data, { recursive: true });
    writeFileSync(join(machine.data, 'site.img'), FAT);
    const ended = await machine.call('vm_run');
    expect(machine.calls('bhyve')[0]).toContain(
      `-s 4:1,virtio-blk,${machine.data}/site.img,ro -s 4:2,virtio-blk,${machine.data}/state.img `,
    );
    expect(ended.said).not.toMatch(/no networks|damaged/);
  });

  it.each([
    ['zeros', Buffer.alloc(32768)],
    ['a part of it', FAT.subarray(0, 400)],
    ['nothing', ''],
  ])('without networks, which it says, when the site disk is %s', async (_, bytes) => {
    const machine = new Machine();
    machine.put('plan', 'exit 1 700\n');
    mkdirSync(machine.data, { recursive: true });
    writeFileSync(join(machine.data, 'site.img'), bytes);
    const damaged = `${machine.data}/site.img is damaged: `;
    expect((await machine.call('vm_run')).said).toContain(`vm_run: ${damaged}`);
    const { code, said } = await machine.call('vm_install', 'check');
    expect(code, said).toBe(7);
    expect(said).toContain(`error    ${damaged}move it away, then run vm_site init\n`);
  });

  it.each([
    ['14.3-RELEASE', 'uefi-firmware', ''],
    ['15.0-RELEASE-p1', 'uefi-firmware', ' -o pci.enable_bars=true'],
    ['15.1-RELEASE', 'edk2-bhyve', ' -o pci.enable_bars=true'],
  ])('with UEFI firmware on %s (%s)', async (release, folder, bars) => {
    const machine = new Machine({ view: { loader: 'uefi' } });
    machine.put('plan', 'exit 1 700\n');
    machine.put('release', `${release}\n`);
    const share = join(machine.local, 'share', folder);
    mkdirSync(share, { recursive: true });
    writeFileSync(join(share, 'BHYVE_UEFI.fd'), 'firmware');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.calls('grub-bhyve')).toEqual([]);
    expect(machine.calls('bhyve')[0]).toContain(
      `-s 31:0,lpc -l bootrom,${share}/BHYVE_UEFI.fd${bars} -l com1,stdio airhive`,
    );
  });

  it('from bundles/DIGEST, through a link, with data/ beside bundles/', async () => {
    const machine = new Machine({ folder: 'mnt/vm_bhyve/linuxguest/bundles/0a1b2c' });
    machine.put('plan', 'exit 1 700\n');
    symlinkSync('bundles/0a1b2c', join(machine.directory, 'current'));
    expect((await machine.call(join(machine.directory, 'current/vm_run'))).code).toBe(0);
    expect(machine.calls('bhyve')[0]).toContain(`4:2,virtio-blk,${machine.directory}/data/state.img`);
    expect(existsSync(join(machine.bundle, 'data'))).toBe(false);
  });

  it('and makes the state disk once, sparse, for root alone', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 1 700\nexit 1 700\n');
    await machine.call('vm_run');
    const state = join(machine.data, 'state.img');
    const made = statSync(state);
    expect(made.size).toBe(512 * 2 ** 20);
    expect(made.blocks).toBe(0);
    expect(made.mode & 0o777).toBe(0o600);
    expect(statSync(join(state, '..')).mode & 0o777).toBe(0o700);
    writeFileSync(state, 'what the guest keeps');
    await machine.call('vm_run');
    expect(readFileSync(state, 'utf8')).toBe('what the guest keeps');
  });
});

describe('vm_run after the guest has ended', () => {
  it.each([
    [1, 0, 'the guest powered off'],
    [2, 0, 'the guest halted'],
    [64, 1, 'please report'],
    [143, 0, 'bhyve was terminated'],
  ])('stops on bhyve exit status %i', async (status, code, words) => {
    const machine = new Machine();
    machine.put('plan', `exit ${status} 700\n`);
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(code);
    expect(ended.said).toContain(words);
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it('starts it again at once after a reboot, into a new VM', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 0 60\nexit 0 3600\nexit 1 60\n');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.pauses()).toEqual([]);
    const life = machine.get('calls').match(/^(grub-bhyve|bhyvectl|bhyve|ifconfig tap0 up)/gm);
    const once = ['ifconfig tap0 up', 'grub-bhyve', 'bhyve', 'bhyvectl'];
    expect(life).toEqual([...once, ...once, ...once]);
  });

  it('gives up when it crashes six times in a row', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 3 5\n'.repeat(20));
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('gave up after 6 faults in a row');
    expect(machine.calls('bhyve')).toHaveLength(6);
    expect(machine.pauses()).toEqual([5, 10, 20, 40, 80]);
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it.each(['exit 3 61\n', 'exit 0 90\n', 'exit 4 300\n', 'exit 0 599\n'])(
    'gives up when it always ends like that: %j',
    async (plan) => {
      const machine = new Machine();
      machine.put('plan', plan.repeat(20));
      const ended = await machine.call('vm_run');
      expect(ended.code).toBe(4);
      expect(ended.said).toContain('gave up after 6 faults in a row');
      expect(machine.calls('bhyve')).toHaveLength(6);
      // The first reboot is nobody's fault.
      expect(machine.pauses()).toEqual(plan.startsWith('exit 0') ? [10, 20, 40, 80] : [5, 10, 20, 40, 80]);
    },
  );

  it('does not take an option that bhyve does not know for a power-off', async () => {
    const machine = new Machine();
    machine.edit('lib/guest', 'set -- -A -H', 'set -- -A -Z -H');
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(1);
    expect(ended.said).toMatch(/illegal option -- Z|Illegal option -Z|refused|Usage: bhyve/i);
    expect(ended.said).toContain('please report this with the lines above');
    expect(ended.said).not.toContain('powered off');
  });

  it('counts a failure, a death by a signal and a reboot within a minute as faults too', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 4 5\nexit 137 5\nexit 0 59\nexit 1 5\n');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.pauses()).toEqual([5, 10, 20]);
  });

  it('shows what bhyve complained about, and keeps it in the log', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 4 5\nexit 1 700\n');
    expect((await machine.call('vm_run')).said).toContain('bhyve: what went wrong\n');
    expect(readFileSync(machine.log, 'utf8')).toContain('bhyve: what went wrong\n');
  });

  it('forgets its faults once it was up for ten minutes', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 3 5\nexit 3 5\nexit 3 600\nexit 3 5\nexit 1 5\n');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.pauses()).toEqual([5, 10, 5, 10]);
  });

  it('counts a loader that fails as a fault', async () => {
    const machine = new Machine();
    machine.put('loader-plan', 'fail\nfail\nok\n');
    machine.put('plan', 'exit 1 700\n');
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(0);
    expect(ended.said).toContain('error: file not found');
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect(machine.pauses()).toEqual([5, 10]);
  });

  it('waits until the VM is really gone before it goes on', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 0 700\nexit 1 700\n');
    machine.put('slow-destroy', '3\n');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.calls('bhyvectl')).toEqual(Array(5).fill('--vm=airhive --destroy'));
  });

  it('stops at once when the card has gone back to its own driver meanwhile', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 3 5\nexit 1 700\n');
    const native = `${pathOf('sed')} -i 's/^ppt0@/iwlwifi0@/' "$STATE/pciconf"`;
    machine.replace('sleep', `[ "$1" = 5 ] && ${native}`);
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('held by iwlwifi0, not by ppt');
    expect(machine.calls('bhyve')).toHaveLength(1);
  });
});
