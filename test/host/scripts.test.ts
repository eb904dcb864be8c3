import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Machine, pathOf } from './machine.ts';

const SHELLS = [
  { name: 'dash', applet: [] },
  { name: 'busybox', applet: ['ash'] },
];

function scriptsOf(machine: Machine): string[] {
  const found = readdirSync(machine.bundle, { recursive: true }) as string[];
  const scripts = found.filter((path) => /^vm|^lib\/|^rc\.d\//.test(path) && !path.endsWith('.awk'));
  expect(scripts).toContain('vm_run');
  return scripts;
}

describe.each(SHELLS)('under $name', ({ name, applet }) => {
  it(`the scripts parse`, () => {
    const machine = new Machine();
    for (const script of scriptsOf(machine)) {
      const args = [...applet, '-n', join(machine.bundle, script)];
      expect(spawnSync(name, args, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it(`a life: crash, reboot, hung loader, vm_kill`, async () => {
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
  it.each([
    ['grub', 'nmdm'],
    ['uefi', 'stdio'],
  ])('are clean under shellcheck, loader %s, console %s', { timeout: 120_000 }, (loader, console) => {
    const machine = new Machine({ view: { loader, console } });
    const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-x', ...scriptsOf(machine)], {
      cwd: machine.bundle,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it('are executable where they are commands, and plain text', () => {
    const machine = new Machine();
    for (const name of scriptsOf(machine)) {
      const file = join(machine.bundle, name);
      const text = readFileSync(file, 'utf8');
      expect(text, name).toMatch(/^[\t\n -~]*$/);
      if (name.startsWith('vm_')) expect(text).toMatch(/^#!\/bin\/sh\n/);
      expect((statSync(file).mode & 0o111) !== 0, name).toBe(text.startsWith('#!'));
    }
  });

  // That nothing is called by its bare name shows in every other test: the PATH of the machine is empty.
  it('name every command by a variable with an absolute default', () => {
    const machine = new Machine();
    const lib = readFileSync(join(machine.bundle, 'lib/common'), 'utf8');
    const defaults = lib.match(/\$\{[A-Z0-9_]+:=[^}]+\}/g) ?? [];
    expect(defaults.length).toBeGreaterThan(30);
    for (const text of defaults) expect(text).toMatch(/:=\/[a-z0-9/_-]+\}$/);
  });
});
