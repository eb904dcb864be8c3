import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasTool } from '../../tools.ts';
import { Machine, pathOf } from './machine.ts';

const COMMANDS = ['vm_run', 'vm_kill', 'vm_fetch', 'vm_log'];
const SOURCED = ['vm_lib', 'vm_preflight', 'vm_guest', 'vm.conf'];
const SHELLS = [
  { name: 'dash', applet: [] },
  { name: 'busybox', applet: ['ash'] },
];

function scriptsOf(machine: Machine): string[] {
  const found = readdirSync(machine.bundle).filter((name) => name.startsWith('vm'));
  expect(found.toSorted()).toEqual([...COMMANDS, ...SOURCED].toSorted());
  return found;
}

describe.each(SHELLS)('under $name', ({ name, applet }) => {
  it.skipIf(!hasTool(name))(`the scripts parse (needs ${name})`, () => {
    const machine = new Machine();
    for (const script of scriptsOf(machine)) {
      const args = [...applet, '-n', join(machine.bundle, script)];
      expect(spawnSync(name, args, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it.skipIf(!hasTool(name))(`a life: crash, reboot, hung loader, vm_kill (needs ${name})`, async () => {
    const machine = new Machine();
    machine.shell = [pathOf(name), ...applet];
    machine.put('plan', 'exit 3 5\nexit 0 700\n');
    machine.put('loader-plan', 'ok\nok\nhang\n');
    const started = machine.start('vm_run');
    await machine.exists('loader-hangs');
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    expect(machine.pauses()).toEqual([5]);
    const next = await machine.up();
    process.kill(next.pid, 'SIGTERM');
    expect((await next.ended).code).toBe(130);
    expect(existsSync(machine.vmm)).toBe(false);
  });
});

describe('the scripts', () => {
  it.skipIf(!hasTool('shellcheck')).each([
    ['grub', 'nmdm'],
    ['uefi', 'stdio'],
  ])('are clean under shellcheck, loader %s, console %s (needs shellcheck)', (loader, console) => {
    const machine = new Machine({ view: { loader, console } });
    const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-x', ...scriptsOf(machine)], {
      cwd: machine.bundle,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it('are executable where they are commands, and short enough to be read', () => {
    const machine = new Machine();
    for (const name of scriptsOf(machine)) {
      const file = join(machine.bundle, name);
      const text = readFileSync(file, 'utf8');
      expect(text.split('\n').length, name).toBeLessThanOrEqual(200);
      expect(text, name).toMatch(/^[\t\n -~]*$/);
      if (COMMANDS.includes(name)) expect(text).toMatch(/^#!\/bin\/sh\n/);
      if (COMMANDS.includes(name)) expect(statSync(file).mode & 0o111, name).not.toBe(0);
    }
  });

  // That nothing is called by its bare name shows in every other test: the PATH of the machine is empty.
  it('name every command by a variable with an absolute default', () => {
    const machine = new Machine();
    const lib = readFileSync(join(machine.bundle, 'vm_lib'), 'utf8');
    const defaults = lib.match(/\$\{[A-Z0-9_]+:=[^}]+\}/g) ?? [];
    expect(defaults.length).toBeGreaterThan(30);
    for (const text of defaults) expect(text).toMatch(/:=\/[a-z0-9/-]+\}$/);
  });
});
