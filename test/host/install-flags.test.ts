import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apply, filesOf, laptop, read, remove } from './installing.ts';
import type { Machine } from './machine.ts';

// Files that chflags(1) keeps everybody from changing, and cp -p, which takes the flag along.

const flag = (machine: Machine, ...path: string[]): string => {
  machine.play('chflags', 'schg', join(...path));
  return join(...path);
};
const flags = (machine: Machine): string[] => machine.get('flags').split('\n').filter(Boolean);

describe('a file with a flag', () => {
  it('resolv.conf is told, kept as it is, and nothing is left of it after remove', async () => {
    const machine = laptop();
    const before = filesOf(machine);
    const file = flag(machine, machine.etc, 'resolv.conf');
    expect((await apply(machine)).said).toContain('etc/resolv.conf has a flag that keeps resolvconf(8)');
    expect(flags(machine)).toEqual([file]);
    await remove(machine);
    expect(existsSync(join(machine.var, 'db/airhive'))).toBe(false);
    expect(existsSync(join(machine.var, 'db/airhive.removed'))).toBe(false);
    expect(filesOf(machine)).toEqual(before);
    expect(flags(machine)).toEqual([file]);
    await remove(machine);
  });

  it.each(['etc/rc.conf', 'boot', 'etc/sysctl.conf'])(
    '%s: apply names it and changes nothing',
    async (path) => {
      const machine = laptop();
      const before = filesOf(machine);
      flag(machine, machine.root, path);
      for (const verb of ['check', 'apply']) {
        const ended = await machine.call('vm_install', verb, '--yes');
        expect(ended.code, ended.said).toBe(4);
        expect(ended.said).toContain(`${path} has the flag schg and cannot be changed: chflags noschg `);
      }
      expect(filesOf(machine)).toEqual(before);
    },
  );

  it('remove names a file that got it meanwhile, and goes on without it', async () => {
    const machine = laptop();
    const before = filesOf(machine);
    await apply(machine);
    const file = flag(machine, machine.etc, 'rc.conf');
    const ended = await machine.call('vm_install', 'remove', '--yes');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('etc/rc.conf has the flag schg');
    expect(read(file)).toContain('airhive_enable="YES"');
    machine.play('chflags', 'noschg', file);
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });

  it('an older record with the flag in it can be removed', async () => {
    const machine = laptop();
    await apply(machine);
    flag(machine, machine.var, 'db/airhive/files/resolv.conf/original');
    await remove(machine);
    expect(existsSync(join(machine.var, 'db/airhive'))).toBe(false);
    expect(flags(machine)).toEqual([]);
  });
});
