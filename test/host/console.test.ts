import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attach } from './console-bench.ts';
import { commandOf, isAlive, kill, Machine, pathOf, until } from './machine.ts';

/** A machine whose null modem is a named pipe: what bhyve writes to A comes out of B. */
function withNullModem(): { machine: Machine; b: string; lock: string } {
  const machine = new Machine({ view: { console: 'nmdm' } });
  const b = join(machine.dev, 'nmdm-airhive.1B');
  execFileSync('mkfifo', [b]);
  mkdirSync(join(machine.var, 'spool/lock'), { recursive: true });
  return { machine, b, lock: join(machine.var, 'spool/lock/LCK..nmdm-airhive.1B') };
}

const logOf = (machine: Machine): string =>
  existsSync(machine.log) ? readFileSync(machine.log, 'utf8') : '';

describe('the console', () => {
  it.each(['none', 'stdio'])('%s, without a terminal: the log has what the guest printed', async (name) => {
    const machine = new Machine({ view: { console: name } });
    machine.put('plan', 'exit 0 700\nexit 1 700\n');
    const ended = await machine.call('vm_run');
    expect(ended.code).toBe(0);
    expect(logOf(machine)).toBe('hello from the guest\n'.repeat(2));
    expect(ended.said).not.toContain('hello');
    expect(statSync(machine.log).mode & 0o777).toBe(0o600);
    expect(machine.calls('bhyve')[0]).toContain('-l com1,stdio');
  });

  it('whose log is being looked at when bhyve ends leaves no words of the shell', async () => {
    const machine = new Machine({ view: { console: 'none' } });
    machine.replace('wc', '/bin/sleep 1\nexec /usr/bin/wc "$@"');
    const started = await machine.up();
    await new Promise((done) => setTimeout(done, 500));
    kill(started.pid, 'SIGTERM');
    await started.ended;
    await until(() => machine.processes().every((pid) => !commandOf(pid).includes('console-log')), 'its end');
    expect(machine.said()).not.toMatch(/echo/);
  });

  it('stdio on a terminal shows and keeps it', async () => {
    const machine = new Machine({ view: { console: 'stdio' } });
    machine.put('plan', 'exit 1 700\n');
    const command = `/bin/sh ${machine.bundle}/vm_run`;
    const child = spawn(pathOf('script'), ['-qec', command, '/dev/null'], {
      env: machine.variables(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let shown = '';
    child.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString()));
    await once(child, 'close');
    expect(shown).toContain('hello from the guest');
    expect(logOf(machine)).toBe('hello from the guest\n');
    expect(machine.get('bhyve-stdin')).toBe('terminal\n');
  });

  it('nmdm: the log has it, read raw and without an echo', async () => {
    const { machine } = withNullModem();
    const started = await machine.up();
    await until(() => logOf(machine).includes('hello from the guest'), 'the log');
    expect(machine.calls('stty')).toEqual(['raw -echo']);
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
  });

  it('nmdm: the log steps aside while cu is there, and comes back', async () => {
    const { machine, b, lock } = withNullModem();
    const started = await machine.up();
    await until(() => logOf(machine) !== '', 'the log');
    const reader = readerOf(b);
    const { leave } = await attach(machine, b);
    await until(() => !isAlive(reader), 'the reader to step aside');
    await leave();
    writeFileSync(lock, '    999999999\n');
    await until(() => machine.calls('stty').length === 2, 'the reader to come back');
    kill(started.pid, 'SIGTERM');
    await started.ended;
  });

  it.each<[string, (machine: Machine, lock: string) => void]>([
    ['the number of another process of root', (_machine, lock) => writeFileSync(lock, `${process.pid}\n`)],
    [
      "the number of another user's cu",
      (machine, lock) => {
        writeFileSync(lock, `${process.ppid}\n`);
        machine.put(`users/${process.ppid}`, '1001\n');
      },
    ],
    ['a line without end', (_machine, lock) => writeFileSync(lock, Buffer.alloc(50_000_000))],
    ['a link', (_machine, lock) => symlinkSync('/etc/passwd', lock)],
    ['a pipe', (_machine, lock) => execFileSync('mkfifo', [lock])],
  ])('nmdm: a lock that is none, with %s in it, does not silence the log', async (_what, put) => {
    const { machine, b, lock } = withNullModem();
    put(machine, lock);
    const started = await machine.up();
    await until(() => logOf(machine) !== '', 'the log');
    const reader = readerOf(b);
    const looks = machine.calls('wc').length;
    await until(() => machine.calls('wc').length > looks + 2, 'some looks at it');
    expect(isAlive(reader)).toBe(true);
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
  });

  it('nmdm: ends with the guest although someone is attached', async () => {
    const { machine, b } = withNullModem();
    const started = await machine.up();
    await until(() => logOf(machine) !== '', 'the log');
    const reader = readerOf(b);
    await attach(machine, b);
    await until(() => !isAlive(reader), 'the reader to step aside');
    const logger = Number(readFileSync(join(machine.run, 'console-log'), 'utf8'));
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
    expect(isAlive(logger)).toBe(false);
  });

  it('nmdm: a console-log that a killed vm_run has left goes on until the next start replaces it', async () => {
    const { machine, b } = withNullModem();
    const first = await machine.up();
    await until(() => machine.calls('stty').length === 1, 'the reader');
    await attach(machine, b);
    kill(first.pid, 'SIGKILL');
    await first.ended;
    const left = Number(readFileSync(join(machine.run, 'console-log'), 'utf8'));
    expect((await machine.call('vm_run')).code).toBe(4);
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect(isAlive(left)).toBe(true);
    machine.put('plan', 'exit 1 700\n');
    expect((await machine.call('vm_run')).code).toBe(0);
    await until(() => !isAlive(left), 'the end of the old console-log');
  });

  it('the log is bounded while the guest runs, and one older one is kept', async () => {
    const machine = new Machine();
    machine.edit('lib/console-log', 'LOG_LIMIT=1048576', 'LOG_LIMIT=10');
    const started = await machine.up();
    await until(() => existsSync(`${machine.log}.1`) && statSync(machine.log).size === 0, 'a new log');
    expect(readFileSync(`${machine.log}.1`, 'utf8')).toBe('hello from the guest\n');
    kill(started.pid, 'SIGTERM');
    await started.ended;
  });

  it('a new vm_run begins a new log and keeps the one before', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 1 700\nexit 1 700\n');
    mkdirSync(join(machine.log, '..'), { recursive: true });
    writeFileSync(machine.log, 'of the last run\n');
    await machine.call('vm_run');
    expect(logOf(machine)).toBe('hello from the guest\n');
    expect(readFileSync(`${machine.log}.1`, 'utf8')).toBe('of the last run\n');
  });
});

/** The cat of console-log: the process that has the null modem as its standard input. */
function readerOf(b: string): number {
  return Number(
    readdirSync('/proc').find((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/0`) === b;
      } catch {
        return false;
      }
    }),
  );
}
