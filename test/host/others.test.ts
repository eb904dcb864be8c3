import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandOf, isAlive, kill, Machine, until } from './machine.ts';

// Processes of other users, and in jails, that call themselves what ours are called.

const JOE = '1001\n';

/** A process of this machine that was started with these words; it ignores what it is asked. */
async function pretend(machine: Machine, path: string, ...words: string[]): Promise<ChildProcess> {
  const file = join(machine.root, 'tmp', path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, "trap '' TERM USR1\necho ready\nwhile :; do sleep 0.1; done\n");
  const child = spawn('/bin/sh', [file, ...words], {
    env: { ...machine.variables(), PATH: '/usr/bin:/bin' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

async function pretendedBy(
  owner: 'users' | 'jails',
  path: string,
  ...words: string[]
): Promise<[Machine, number]> {
  const machine = new Machine();
  const { pid = 0 } = await pretend(machine, path, ...words);
  machine.put(`${owner}/${pid}`, JOE);
  return [machine, pid];
}

describe.each(['users', 'jails'] as const)('a process of other %s', (owner) => {
  it.each([
    ['bhyve: airhive', []],
    ['sbin/bhyve', ['x', 'airhive']],
  ])('that calls itself %s %s is no guest', async (path, words) => {
    const [machine, pid] = await pretendedBy(owner, path, ...words);
    if (words.length === 0) machine.put(`processes/${pid}`, `${path}\n`);
    expect((await machine.call('vm_kill')).said).toBe('vm_kill: airhive is not running\n');
    const started = await machine.up();
    expect((await machine.call('vm_kill')).said).toBe('vm_kill: airhive is stopped\n');
    expect((await started.ended).code).toBe(0);
    expect(isAlive(pid)).toBe(true);
  });

  it('whose number stands in our file is not ours', async () => {
    const [machine, pid] = await pretendedBy(owner, 'vm_run');
    mkdirSync(machine.run, { recursive: true });
    writeFileSync(join(machine.run, 'vm_run'), `${pid}\n`);
    const started = await machine.up();
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    expect(isAlive(pid)).toBe(true);
  });
});

it("root's own script of that name is no guest either", async () => {
  const machine = new Machine();
  const { pid = 0 } = await pretend(machine, 'bhyve', 'x', 'airhive');
  expect((await machine.call('vm_kill')).said).toBe('vm_kill: airhive is not running\n');
  expect(isAlive(pid)).toBe(true);
});

it('of two that call themselves the guest it is the one that vm_run has started', async () => {
  const machine = new Machine();
  machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=1');
  const { pid = 0 } = await pretend(machine, 'decoy');
  machine.put(`users/${pid}`, '0\n');
  machine.put(`processes/${pid}`, 'bhyve: airhive\n');
  const refused = await machine.call('vm_run');
  expect(refused.said).toContain(`bhyve is process ${pid}`);
  machine.put(`processes/${pid}`, 'sh\n');
  const started = await machine.up();
  const [guest = 0] = machine.guests();
  machine.put(`processes/${pid}`, 'bhyve: airhive\n');
  expect((await machine.call('vm_status')).said).toContain(`bhyve ${guest})`);
  kill(started.pid, 'SIGTERM');
  expect((await started.ended).code).toBe(130);
  await until(() => !isAlive(guest), 'the end of the guest');
  expect(commandOf(pid)).toContain('decoy');
});
