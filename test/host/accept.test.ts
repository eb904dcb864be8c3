import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../fixtures/scratch.ts';
import { accept, disposable, expectGreen } from './accept-bench.ts';

const ACCEPT = new URL('../freebsd/accept.sh', import.meta.url).pathname;
const TIME = 300_000;

describe('accept.sh on a played FreeBSD', { timeout: TIME }, () => {
  it('is green from the first look to the reboot after remove', async () => {
    const machine = disposable();
    expectGreen(machine, await accept(machine, 'before'));
    expect((await machine.reboot())?.code).toBe(0);
    const order = 'boot: the order of rc(8): there is no rcorder here';
    expectGreen(machine, await accept(machine, 'after-reboot'), [order]);
    await machine.reboot();
    expectGreen(machine, await accept(machine, 'after-removal'));
    expect(existsSync(join(machine.var, 'db/airhive-accept/next'))).toBe(false);
  });

  it('has nothing that shellcheck complains about', () => {
    const folder = new URL('../freebsd/', import.meta.url).pathname;
    const scripts = ['lib', 'fakes'].flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => `${name}/${file}`),
    );
    const line = [
      'cd',
      folder,
      '&&',
      'shellcheck',
      '-x',
      '-e',
      'SC1091',
      'accept.sh',
      'machine.sh',
      ...scripts,
    ].join(' ');
    run('sh', ['-c', line]);
  });

  it('takes a tar, and goes on with the next phase by itself', async () => {
    const machine = disposable();
    const tar = join(machine.root, 'bundle.tar');
    run('tar', ['-cf', tar, '-C', machine.root, basename(machine.bundle)]);
    const words = ['--yes-this-machine-is-disposable', tar];
    const checked = await machine.call(ACCEPT, '--parts', 'check', ...words);
    expectGreen(machine, checked);
    expect(checked.said).toContain('next: reboot, then accept.sh --phase after-reboot');
    const wrong = await machine.call(ACCEPT, '--parts', 'check', ...words);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.said).toContain('the phase after-reboot has no part check');
  });
});

describe('accept.sh refuses, with 2 and before it changes anything', () => {
  const refusals: readonly [string, readonly string[], string][] = [
    ['without the word that the machine may be lost', ['BUNDLE'], 'with --yes-this-machine-is-disposable'],
    ['without a bundle', ['--yes-this-machine-is-disposable'], 'usage: accept.sh'],
    ['an option that it does not know', ['--yes', 'BUNDLE'], 'there is no option --yes'],
    ['a phase without its name', ['BUNDLE', '--phase'], '--phase needs a value'],
    ['what is no bundle', ['--yes-this-machine-is-disposable', '/nonexistent'], 'there is no bundle'],
    [
      'a later phase on a machine that has not seen the first',
      ['--phase', 'after-removal', '--yes-this-machine-is-disposable', 'BUNDLE'],
      'the phase before has not been run on this machine',
    ],
  ];
  it.each(refusals)('%s', async (_, words, said) => {
    const machine = disposable();
    const ended = await machine.call(ACCEPT, ...words.map((word) => word.replace('BUNDLE', machine.bundle)));
    expect(ended, ended.said).toMatchObject({ code: 2 });
    expect(ended.said).toContain(said);
    expect(existsSync(join(machine.local, 'etc/rc.d/airhive'))).toBe(false);
  });

  it('everybody but root', async () => {
    const machine = disposable();
    machine.put('uid', '1001\n');
    expect(await accept(machine, 'before')).toMatchObject({ code: 2 });
  });

  it('a machine that check finds unfit, with what check says', async () => {
    const machine = disposable();
    machine.put('acpi-tables', 'RSD PTR\nXSDT\nFACP\n');
    const ended = await accept(machine, 'before');
    expect(ended, ended.said).toMatchObject({ code: 2 });
    expect(ended.said).toContain('there is no IOMMU');
    expect(ended.said).toContain('nothing more can be seen here');
  });

  it('shows its usage when asked, in 80 columns', async () => {
    const ended = await disposable().call(ACCEPT, '--help');
    expect(ended.code).toBe(0);
    expect(ended.said.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
