import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAlive, kill, Machine, until, type Fault } from './machine.ts';

/** A machine with a script that makes three files, the second one in a subshell of a subshell. */
function withScript(body = 'cp script "$W/1"; x=$( (cp script "$W/2"); echo ); cp script "$W/3"'): Machine {
  const machine = new Machine();
  machine.environment = { W: join(machine.root, 'tmp') };
  writeFileSync(
    join(machine.root, 'script'),
    `PATH=$AIRHIVE_PATH\ncd ${machine.root}\n${body}\necho end of the script >&2\n`,
  );
  return machine;
}

const made = (machine: Machine): string[] => readdirSync(join(machine.root, 'tmp')).toSorted();

async function afterFault(
  at: number,
  how: Fault,
): Promise<{ machine: Machine; said: string; signal: string | null }> {
  const machine = withScript();
  machine.fault(at, how);
  const { said, signal } = await machine.call(join(machine.root, 'script'));
  return { machine, said, signal };
}

describe('every call is counted, and', () => {
  it('goes on undisturbed without a fault', async () => {
    const { machine, said } = await afterFault(4, 'fail');
    expect(made(machine)).toEqual(['1', '2', '3']);
    expect(machine.callCount()).toBe(3);
    expect(machine.faultMet()).toBe(false);
    expect(machine.calls('cp')).toEqual([1, 2, 3].map((n) => `script ${machine.root}/tmp/${n}`));
    expect(said).toBe('end of the script\n');
  });

  it('can fail without effect', async () => {
    const { machine, said } = await afterFault(2, 'fail');
    expect(made(machine)).toEqual(['1', '3']);
    expect(machine.faultMet()).toBe(true);
    expect(said).toBe('cp: failed, as the test wants it\nend of the script\n');
  });

  it.each([
    ['kill-before', ['1']],
    ['kill-after', ['1', '2']],
  ] as const)('%s: can be the last', async (how, left) => {
    const { machine, said, signal } = await afterFault(2, how);
    expect(made(machine)).toEqual(left);
    expect(signal).toBe('SIGKILL');
    expect(said).toBe('');
    expect(machine.faultMet()).toBe(true);
  });

  it('can find the disk full when half is written', async () => {
    const machine = withScript('cat "$IN" >"$W/1"; cp "$IN" "$W/2"; cat "$IN"');
    machine.environment.IN = join(machine.root, 'tmp/in');
    writeFileSync(machine.environment.IN, '0123456789');
    for (const [at, sizes] of [
      [1, [5, 10]],
      [2, [10, 5]],
      [3, [10, 10]],
    ] as const) {
      machine.fault(at, 'full');
      const { said } = await machine.call(join(machine.root, 'script'));
      expect(said).toContain(': No space left on device\n');
      expect(['1', '2'].map((name) => statSync(join(machine.root, 'tmp', name)).size)).toEqual(sizes);
    }
  });

  it('can hang', async () => {
    const machine = withScript();
    machine.fault(2, 'hang');
    const started = machine.start(join(machine.root, 'script'));
    await machine.exists('fault-met');
    expect(made(machine)).toEqual(['1']);
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).signal).toBe('SIGTERM');
  });

  it('a kill spares what has a life of its own', async () => {
    const machine = withScript(
      'daemon -f -P "$W/pid" sleep 60; until [ -s "$STATE/sleeping" ]; do :; done; cp script "$W/3"',
    );
    machine.put('hold-sleep', 'yes');
    machine.fault(3, 'kill-before');
    expect((await machine.call(join(machine.root, 'script'))).signal).toBe('SIGKILL');
    await machine.exists('sleeping');
    const sleeper = Number(machine.get('sleeping'));
    expect(isAlive(sleeper)).toBe(true);
    kill(sleeper, 'SIGKILL');
    await until(() => !existsSync(join(machine.root, 'tmp/pid')), 'the end of daemon');
  });
});
