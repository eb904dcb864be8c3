import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

/** Calls a fake as a shell would; $B is the bundle, $C the directory of the commands, $D /dev. */
function call(machine: Machine, line: string): { status: number | null; stderr: string } {
  const places = { B: machine.bundle, C: `${machine.root}/bin`, D: machine.dev, VM: machine.vmm };
  const env = { ...machine.variables(), ...places };
  return spawnSync('/bin/sh', ['-c', line], { env, encoding: 'utf8' });
}

const BHYVE = '"$C/bhyve" -S -s 0,hostbridge';

describe('the bench is no kinder than FreeBSD', () => {
  it.each([
    [1, 'Usage: bhyve', '"$C/bhyve" -Z airhive'],
    [1, 'Usage: bhyve', '"$C/bhyve" -S'],
    [4, 'Invalid PCI slot info field', '"$C/bhyve" -s 32:0,hostbridge airhive'],
    [4, 'already occupied', `${BHYVE} -s 0:0,hostbridge airhive`],
    [4, 'unknown device', `${BHYVE} -s 2:0,virtio-foo airhive`],
    [4, 'no lpc', `${BHYVE} -l com1,stdio airhive`],
    [4, 'wired', '"$C/bhyve" -s 0,hostbridge -s 5:0,passthru,4/0/0 airhive'],
    [4, 'not using the ppt(4) driver', `${BHYVE} -s 5:0,passthru,0/0/0 airhive`],
    [4, 'invalid passthru options', `${BHYVE} -s 5:0,passthru,pci0:4:0:0 airhive`],
    [4, 'backing file', `${BHYVE} -s 4:0,virtio-blk,/nowhere airhive`],
    [4, 'without 4:0', `${BHYVE} -s 4:2,virtio-blk,$B/disk0.img airhive`],
    [4, 'vm_open', `${BHYVE} -s 2:0,virtio-net,tap0 airhive`],
    [4, 'Device busy', `: >"$VM"; ${BHYVE} airhive`],
    [4, 'open of tap device', `: >"$VM"2; ${BHYVE} -s 2:0,virtio-net,tap9 airhive2`],
    [4, 'is down', `: >"$VM"2; ${BHYVE} -s 2:0,virtio-net,tap0 airhive2`],
    [1, 'must be wired', '"$C/grub-bhyve" -M 384M airhive'],
    [1, 'VM name', '"$C/grub-bhyve" -S'],
    [
      1,
      'invalid device.map',
      'echo "(cd0,1) /x" >"$D/map"; "$C/grub-bhyve" -S -r host -d "$B" -g grub.cfg -m "$D/map" a',
    ],
    [1, 'has run', ': >"$VM"; "$C/grub-bhyve" -S -r host -d "$B" -g grub.cfg -m /dev/null airhive'],
    [1, 'not created', '"$C/bhyvectl" --vm=airhive --destroy'],
    [1, 'does not exist', '"$C/ifconfig" tap9 up'],
    [1, 'unknown oid', '"$C/sysctl" -n hw.vmm.nothing'],
    [1, '', '"$C/kldstat" -q -m if_nothing'],
    [1, 'usage', '"$C/sha256" -c 00 "$B/disk0.img"'],
    [64, 'usage: lockf', '"$C/lockf" -k -t 0 9'],
    [75, '', '"$C/lockf" -k -t 0 "$D/lock" "$C/lockf" -k -t 0 "$D/lock" true'],
    [1, '', '"$C/pgrep" -fx "bhyve: air"'],
    [2, 'usage', '"$C/pgrep" airhive'],
    [1, '', '"$C/ps" -ww -o state= -o command= -p 999999999'],
    [1, 'usage', '"$C/fetch" -o x http://127.0.0.1:9/'],
  ])('%i %s: %s', (status, words, line) => {
    const machine = new Machine();
    writeFileSync(`${machine.state}/processes/${process.pid}`, 'bhyve: airhive\n');
    const answer = call(machine, line);
    expect(answer.status).toBe(status);
    expect(answer.stderr).toContain(words);
  });
});
