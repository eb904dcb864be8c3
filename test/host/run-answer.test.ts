import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, Machine, until } from './machine.ts';
import { commandOf } from './processes.ts';

/** The processes of answer-watch on this machine. */
function watches(machine: Machine): number[] {
  const script = join(machine.bundle, 'lib/answer-watch');
  return machine.processes().filter((pid) => commandOf(pid).includes(`${script}\0`));
}

const messages = (machine: Machine): string => {
  const file = join(machine.var, 'log/messages');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

const SILENT = 'airhive is up but has not answered at 172.24.1.1 for 120 s';

describe('a guest that is up', () => {
  it('and answers is said once, and left alone for half a minute', async () => {
    const machine = new Machine();
    const started = await machine.up();
    await until(() => machine.pauses().includes(30), 'the pause');
    const before = machine.calls('ping').length;
    expect(watches(machine)).toHaveLength(1);
    kill(started.pid, 'SIGTERM');
    const { said } = await started.ended;
    expect(said.match(/the guest answers at 172\.24\.1\.1/g)).toHaveLength(1);
    expect(machine.calls('ping')).toHaveLength(before);
    expect(watches(machine)).toEqual([]);
    expect(messages(machine)).toBe('');
  });

  it('but does not answer within 120 s is said once, with the end of its console, harmlessly', async () => {
    const machine = new Machine();
    machine.put('silent', '');
    const started = await machine.up();
    await until(() => machine.calls('ping').length > 3, 'some pings');
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n');
    writeFileSync(machine.log, `${lines}\n\u001b[31mpanic\u001b]0;owned\u0007: no root\n`);
    expect(messages(machine)).toBe('');
    machine.put('clock', '1119\n');
    const before = machine.calls('ping').length;
    await until(() => machine.calls('ping').length > before + 2, 'more pings');
    expect(messages(machine)).toBe('');
    machine.put('clock', '1120\n');
    await until(() => messages(machine).endsWith('no root\n'), 'the words');
    const after = machine.calls('ping').length;
    await until(() => machine.calls('ping').length > after + 2, 'more pings');
    kill(started.pid, 'SIGTERM');
    const { said } = await started.ended;
    const expected = [
      `${SILENT}. The last lines of its console (${machine.log}):`,
      ...Array.from({ length: 9 }, (_, index) => `line ${index + 11}`),
      'panic]0;owned: no root',
    ];
    expect(said.match(/has not answered/g)).toHaveLength(1);
    for (const text of expected) {
      expect(said).toContain(`answer-watch: ${text}\n`);
      expect(messages(machine)).toContain(` airhive: ${text}\n`);
    }
    expect(messages(machine)).not.toContain('line 10');
  });

  it('is watched anew after each start', async () => {
    const machine = new Machine();
    machine.put('silent', '');
    machine.put('plan', 'exit 0 700\nrun\n');
    const started = await machine.up();
    await until(() => watches(machine).length === 1, 'one watch');
    rmSync(join(machine.state, 'silent'));
    await until(() => machine.pauses().includes(30), 'an answer');
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).said).toContain('the guest answers');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s to vm_run leaves no watch behind', async (signal) => {
    const machine = new Machine();
    machine.put('silent', '');
    const started = await machine.up();
    await until(() => watches(machine).length === 1, 'the watch');
    kill(-started.pid, signal);
    expect((await started.ended).code).toBe(130);
    expect(watches(machine)).toEqual([]);
    expect(messages(machine)).toBe('');
  });

  it('vm_kill leaves none, and kill -9 of vm_run only until the guest ends', async () => {
    const machine = new Machine();
    machine.put('silent', '');
    const first = await machine.up();
    await until(() => watches(machine).length === 1, 'the watch');
    await machine.call('vm_kill');
    await first.ended;
    expect(watches(machine)).toEqual([]);
    const second = await machine.up();
    await until(() => watches(machine).length === 1, 'the watch');
    kill(second.pid, 'SIGKILL');
    await second.ended;
    expect(watches(machine)).toHaveLength(1);
    await machine.call('vm_kill');
    await until(() => watches(machine).length === 0, 'its end');
  });

  it('is waited for also when ping hangs', async () => {
    const machine = new Machine();
    machine.replace('ping', 'exec /bin/sleep 600');
    const started = await machine.up();
    await until(() => watches(machine).length === 1, 'the watch');
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
    expect(watches(machine)).toEqual([]);
  });
});
