import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

/** Calls a stand-in as a shell would, with the machine's folders as $B (bundle) and $D (dev). */
function call(machine: Machine, line: string): { status: number | null; stderr: string } {
  const env = { ...machine.variables(), B: machine.bundle, D: `${machine.state}/dev`, VM: machine.vmm };
  return spawnSync('/bin/sh', ['-c', line], { env, encoding: 'utf8' });
}

const BHYVE = '"$BHYVE" -S -s 0,hostbridge';

describe('the bench is no kinder than FreeBSD', () => {
  it.each([
    [1, 'Usage: bhyve', '"$BHYVE" -Z airhive'],
    [1, 'Usage: bhyve', '"$BHYVE" -S'],
    [4, 'Invalid PCI slot info field', '"$BHYVE" -s 32:0,hostbridge airhive'],
    [4, 'already occupied', `${BHYVE} -s 0:0,hostbridge airhive`],
    [4, 'unknown device', `${BHYVE} -s 2:0,virtio-foo airhive`],
    [4, 'no lpc', `${BHYVE} -l com1,stdio airhive`],
    [4, 'wired', '"$BHYVE" -s 0,hostbridge -s 5:0,passthru,4/0/0 airhive'],
    [4, 'not using the ppt(4) driver', `${BHYVE} -s 5:0,passthru,0/0/0 airhive`],
    [4, 'invalid passthru options', `${BHYVE} -s 5:0,passthru,pci0:4:0:0 airhive`],
    [4, 'backing file', `${BHYVE} -s 4:0,virtio-blk,/nowhere airhive`],
    [4, 'without 4:0', `${BHYVE} -s 4:2,virtio-blk,$B/disk0.img airhive`],
    [4, 'vm_open', `${BHYVE} -s 2:0,virtio-net,tap0 airhive`],
    [4, 'Device busy', `: >"$VM"; ${BHYVE} airhive`],
    [4, 'open of tap device', `: >"$VM"2; ${BHYVE} -s 2:0,virtio-net,tap9 airhive2`],
    [4, 'is down', `: >"$VM"2; ${BHYVE} -s 2:0,virtio-net,tap0 airhive2`],
    [1, 'must be wired', '"$GRUB_BHYVE" -M 384M airhive'],
    [1, 'VM name', '"$GRUB_BHYVE" -S'],
    [
      1,
      'invalid device.map',
      'echo "(cd0,1) /x" >"$D/map"; "$GRUB_BHYVE" -S -r host -d "$B" -g grub.cfg -m "$D/map" a',
    ],
    [1, 'has run', ': >"$VM"; "$GRUB_BHYVE" -S -r host -d "$B" -g grub.cfg -m /dev/null airhive'],
    [1, 'not created', '"$BHYVECTL" --vm=airhive --destroy'],
    [1, 'does not exist', '"$IFCONFIG" tap9 up'],
    [1, 'unknown oid', '"$SYSCTL" -n hw.vmm.nothing'],
    [1, '', '"$KLDSTAT" -q -m if_nothing'],
    [1, 'usage', '"$SHA256" -c 00 "$B/disk0.img"'],
    [64, 'usage: lockf', '"$LOCKF" -k -t 0 9'],
    [75, '', '"$LOCKF" -k -t 0 "$D/lock" "$LOCKF" -k -t 0 "$D/lock" true'],
    [1, '', '"$PGREP" -fx "bhyve: air"'],
    [2, 'usage', '"$PGREP" airhive'],
    [1, '', '"$PS" -ww -o state= -o command= -p 999999999'],
    [1, 'usage', '"$FETCH" -o x http://127.0.0.1:9/'],
  ])('%i %s: %s', (status, words, line) => {
    const machine = new Machine();
    writeFileSync(`${machine.state}/processes/${process.pid}`, 'bhyve: airhive\n');
    const answer = call(machine, line);
    expect(answer.status).toBe(status);
    expect(answer.stderr).toContain(words);
  });
});
