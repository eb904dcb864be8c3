import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useAwk } from './awks.ts';
import { describe, expect, it } from 'vitest';
import { attach } from './console-bench.ts';
import { Machine, until } from './machine.ts';

async function up(): Promise<{ machine: Machine; lock: string; b: string }> {
  const machine = new Machine({ view: { console: 'nmdm' } });
  const b = join(machine.dev, 'nmdm-airhive.1B');
  execFileSync('mkfifo', [b]);
  await machine.up();
  // What comes later would be among what a test writes there.
  await until(() => readFileSync(machine.log, 'utf8').includes('hello'), 'what the guest says in the log');
  return { machine, b, lock: join(machine.var, 'spool/lock/LCK..nmdm-airhive.1B') };
}

describe('vm_console', () => {
  it('attaches with cu and tells how to leave', async () => {
    const { machine, b } = await up();
    const ended = await machine.call('vm_console');
    expect(ended).toMatchObject({ code: 0 });
    expect(machine.calls('cu')).toEqual([`-s 115200 -l ${b}`]);
    expect(ended.said).toMatch(
      /^vm_console: press Return for the login; leave with ~\. \(over ssh with ~~\.\)\n/,
    );
  });

  it('is reached by the service too', async () => {
    const { machine } = await up();
    expect((await machine.call('rc.d/airhive', 'console')).said).toContain('Connected');
  });

  it('says who is there already, unless that one was killed', async () => {
    const { machine, b, lock } = await up();
    const { pid, leave } = await attach(machine, b);
    const refused = await machine.call('vm_console');
    expect(refused.code).toBe(4);
    expect(refused.said).toBe(
      `vm_console: process ${pid} is on the console already (cu takes one at a time)\n`,
    );
    await leave();
    writeFileSync(lock, ' 999999999\n');
    expect((await machine.call('vm_console')).code).toBe(0);
  });

  it.each([
    ['none', 3, 'this bundle has no console to attach to ("none")'],
    ['stdio', 3, 'is the terminal that vm_run runs on'],
    ['nmdm', 4, 'airhive is not running; vm_console --log shows what it printed last'],
  ])('console %s without a guest: %i, %s', async (console, code, words) => {
    const machine = new Machine({ view: { console } });
    const refused = await machine.call('vm_console');
    expect(refused.code).toBe(code);
    expect(refused.said).toContain(words);
    expect(refused.said.trim().split('\n')).toHaveLength(1);
    expect(machine.calls('cu')).toEqual([]);
  });

  it('says that nmdm is missing, or was when the guest was started', async () => {
    const { machine, b } = await up();
    machine.put('modules', 'kernel\nvmm\n');
    expect(await machine.call('vm_console')).toMatchObject({
      code: 4,
      said: 'vm_console: the module nmdm is not loaded: run "kldload nmdm", then start the guest anew\n',
    });
    machine.put('modules', 'kernel\nvmm\nnmdm\n');
    execFileSync('rm', [b]);
    expect(existsSync(b)).toBe(false);
    expect((await machine.call('vm_console')).said).toContain('was started without a null modem');
  });

  it('--log shows the end of what the guest printed, and nothing that a terminal obeys', async () => {
    const { machine } = await up();
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
    writeFileSync(machine.log, `${'x'.repeat(100_000)}\n${lines}\n\u001b]0;owned\u0007\u001b[31mlogin: \n`);
    const shown = await machine.call('vm_console', '--log');
    expect(shown.code).toBe(0);
    expect(shown.said).toMatch(/^line 61\n[^]*line 99\n\]0;ownedlogin: \n$/);
    expect(machine.calls('cu')).toEqual([]);
  });

  it.each(['mawk', 'busybox awk', 'original-awk'])(
    "--log shows neither apk's bars nor ash's questions, with %s",
    async (awk) => {
      const { machine } = await up();
      useAwk(machine, awk);
      const bar = (percent: number) =>
        `\u001b7 ${percent}% ${'\u2588'.repeat(percent)}      \u001b8\u001b[0K`;
      const bars = Array.from({ length: 100 }, (_, percent) => bar(percent)).join('');
      writeFileSync(
        machine.log,
        `Installing packages to root filesystem: ${bars}ok.\nairhive:~# \u001b[6n\r\nlast\n`,
      );
      const shown = await machine.call('vm_console', '--log');
      expect(shown.said).toBe('Installing packages to root filesystem: ok.\nairhive:~# \nlast\n');
    },
  );

  it('takes no words', async () => {
    expect((await new Machine().call('vm_console', 'now')).code).toBe(2);
  });
});
