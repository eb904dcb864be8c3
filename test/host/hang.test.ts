import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, Machine, until, type Started } from './machine.ts';
import { installed, provideKeys, serviceLog, SLOW } from './service-bench.ts';

// A guest that has answered and does no more: lib/answer-watch ends it, and vm_run starts it again.

const messages = (machine: Machine): string => {
  const file = join(machine.var, 'log/messages');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

/** Lets so many seconds pass, as the watch sees them: it looks in between. */
async function pass(machine: Machine, seconds: number): Promise<void> {
  machine.put('clock', `${Number(machine.get('clock')) + seconds}\n`);
  const before = machine.calls('ping').length;
  await until(() => machine.calls('ping').length > before + 2, 'the watch to look');
}

/** A guest that has answered, and that is looked at all the time from now on. */
async function watched(machine: Machine): Promise<Started> {
  const started = await machine.up();
  await until(() => machine.pauses().includes(30), 'the first answer');
  machine.put('look', '');
  return started;
}

const SILENT = 'airhive has not answered at 172.24.1.1 for 300 s, neither to ping nor to ssh, and is ended';

describe('a guest that does not answer any more', { timeout: SLOW }, () => {
  it.each(['run', 'deaf', 'stuck'])(
    '(%s) is ended after five minutes, said, and started again',
    async (plan) => {
      const machine = new Machine();
      machine.put('plan', `${plan}\n`);
      const started = await watched(machine);
      const [first = 0] = machine.guests();
      writeFileSync(machine.log, '\u001b[31mpanic\n');
      machine.put('silent', '');
      for (const seconds of [60, 60, 60, 60]) await pass(machine, seconds);
      expect(messages(machine)).toBe('');
      const status = await machine.call('vm_status');
      expect(status.said).toMatch(/no answer for 240 s, and it is ended when that goes on/);
      machine.put('clock', `${Number(machine.get('clock')) + 60}\n`);
      await until(() => machine.calls('bhyve').length === 2, 'a new guest');
      rmSync(join(machine.state, 'silent'));
      await until(() => machine.guests().length === 1 && !machine.guests().includes(first), 'the new guest');
      expect(messages(machine)).toContain(
        ` airhive: ${SILENT}. The last lines of its console (${machine.log}):\n`,
      );
      expect(messages(machine)).toContain(' airhive: panic\n');
      expect(machine.pauses()).toContain(5);
      expect((await machine.call('vm_status')).said).toMatch(
        /one that did not answer any more was ended \(20\d\d-/,
      );
      kill(started.pid, 'SIGTERM');
      const { said } = await started.ended;
      expect(said).toMatch(/vm_run: the guest hung, after \d+ s\n/);
      expect(existsSync(machine.vmm)).toBe(false);
    },
  );

  it('is given up after six times in a row', async () => {
    const machine = new Machine();
    machine.edit('vm_run', 'STEADY=600', 'STEADY=600000');
    machine.put('look', '');
    const started = machine.start('vm_run');
    const state = { ended: false };
    const ended = started.ended.finally(() => (state.ended = true));
    for (let times = 1; times <= 6; times++) {
      await until(() => machine.said().match(/the guest answers/g)?.length === times, `answer ${times}`);
      machine.put('silent', '');
      while (machine.said().match(/the guest hung/g)?.length !== times && !state.ended) {
        machine.put('clock', `${Number(machine.get('clock')) + 60}\n`);
        await new Promise((done) => setTimeout(done, 100));
      }
      rmSync(join(machine.state, 'silent'));
    }
    expect((await ended).code).toBe(4);
    expect(messages(machine)).toContain('airhive: vm_run has ended (exit status 4)');
  });

  it('but lets ssh in, or cannot be reached from here, is left alone', async () => {
    const machine = new Machine();
    provideKeys(machine.data);
    const started = await watched(machine);
    const bridge = machine.get('interfaces/bridge0');
    machine.put('interfaces/bridge0', 'up\n');
    machine.put('silent', '');
    for (let minute = 0; minute < 8; minute++) await pass(machine, 60);
    rmSync(join(machine.state, 'silent'));
    machine.put('interfaces/bridge0', bridge);
    machine.put('no-ping', '');
    for (let minute = 0; minute < 8; minute++) await pass(machine, 60);
    expect(messages(machine)).toBe('');
    expect(machine.calls('bhyve')).toHaveLength(1);
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
  });

  it('for the hours that the machine sleeps is not ended for them', async () => {
    const machine = new Machine();
    const started = await watched(machine);
    machine.put('silent', '');
    await pass(machine, 20_000);
    rmSync(join(machine.state, 'silent'));
    await until(() => !existsSync(join(machine.run, 'unanswered')), 'an answer');
    expect(messages(machine)).toBe('');
    kill(started.pid, 'SIGTERM');
    await started.ended;
  });
});

describe('after the machine has slept', { timeout: SLOW }, () => {
  it('a guest that slept along and hangs is started anew within 20 s', async () => {
    const { machine, service } = installed();
    await service('start');
    await until(() => machine.pauses().includes(30), 'the first answer');
    machine.put('silent', '');
    expect((await service('resume')).code).toBe(0);
    const before = machine.calls('ping').length;
    await until(() => machine.calls('ping').length > before + 1, 'a look');
    machine.put('clock', `${Number(machine.get('clock')) + 10}\n`);
    await until(() => machine.calls('bhyve').length === 2, 'a new guest');
    expect(serviceLog(machine)).toContain('has not answered at 172.24.1.1 for 10 s');
    rmSync(join(machine.state, 'silent'));
    expect((await service('stop')).code).toBe(0);
  });

  it('one that does not hang goes on, with its five minutes', async () => {
    const { machine, service } = installed();
    await service('start');
    await until(() => machine.pauses().includes(30), 'the first answer');
    expect((await service('resume')).code).toBe(0);
    await until(() => machine.pauses().filter((seconds) => seconds === 30).length > 1, 'the next pause');
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect((await service('stop')).code).toBe(0);
  });
});
