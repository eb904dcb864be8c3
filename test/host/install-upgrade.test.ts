import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { intel8260, ISO_BYTES, writeSums } from './bundle.ts';
import { apply, done, filesOf, laptop, link, newer, read } from './installing.ts';
import { treeBelow } from './tree.ts';

describe('a newer bundle', () => {
  it('takes the place of the old one, with the same ISO and data, and rollback goes back', async () => {
    const machine = laptop();
    await apply(machine);
    await machine.reboot();
    const old = link(machine, 'current');
    const data = treeBelow(machine.data, /^state/);
    const files = filesOf(machine);
    const upgrade = newer(machine, '0.2.0', { tap: 'tap7' });
    const ended = await done(machine, upgrade, 'apply', '--yes');
    expect(ended.said).toContain('reboot now, to change this: there is no tap7');
    expect(link(machine, 'previous')).toBe(old);
    expect(read(machine.directory, 'current/iso', intel8260.iso as string)).toBe(ISO_BYTES.toString());
    expect(treeBelow(machine.data, /^state/)).toEqual(data);
    expect(read(machine.etc, 'rc.conf')).toContain('cloned_interfaces="lo1 bridge0:sticky tap7:sticky"');
    expect(read(machine.etc, 'rc.conf')).not.toContain('tap0');
    const back = await done(machine, upgrade, 'rollback', '--yes');
    expect(back.said).toContain('no reboot is needed; the guest is running');
    expect(link(machine, 'current')).toBe(old);
    expect(filesOf(machine)).toEqual(files);
    await done(machine, join(machine.directory, 'current/vm_install'), 'rollback', '--yes');
    expect(link(machine, 'previous')).toBe(old);
  });

  it('keeps one older bundle, and the one that a running guest was started from', async () => {
    const machine = laptop();
    await apply(machine);
    await machine.reboot();
    const first = link(machine, 'current');
    const second = newer(machine, '0.2.0');
    await done(machine, second, 'apply', '--yes');
    expect((await done(machine, newer(machine, '0.3.0'), 'apply', '--yes')).said).toContain(
      'service airhive restart',
    );
    const bundles = (): string[] => readdirSync(join(machine.directory, 'bundles'));
    expect(bundles()).toContain(first);
    expect(bundles()).toHaveLength(3);
    machine.play('service', 'airhive', 'restart');
    await done(machine, newer(machine, '0.4.0'), 'apply', '--yes');
    expect(bundles().toSorted()).toEqual([link(machine, 'current'), link(machine, 'previous')].toSorted());
  });

  it.each(['rollback', 'apply'])('that was cut short before it came into use: %s', async (verb) => {
    const machine = laptop();
    await apply(machine);
    const old = link(machine, 'current');
    const files = filesOf(machine);
    const upgrade = newer(machine, '0.2.0', { tap: 'tap7' });
    // Its files are in place, its link is not.
    machine.fault(await callBefore(/^ln -s bundles/, { tap: 'tap7' }), 'kill-before');
    expect((await machine.call(upgrade, 'apply', '--yes')).code).toBeNull();
    expect(link(machine, 'current')).toBe(old);
    expect(read(machine.etc, 'rc.conf')).toContain('tap7');
    machine.fault();
    await done(machine, upgrade, verb, '--yes');
    if (verb === 'rollback') expect(filesOf(machine)).toEqual(files);
    else expect(link(machine, 'previous')).toBe(old);
    expect(link(machine, 'current') === old).toBe(verb === 'rollback');
  });

  it('is not used when its bytes are damaged', async () => {
    const machine = laptop();
    await apply(machine);
    const old = link(machine, 'current');
    const upgrade = newer(machine, '0.2.0');
    writeFileSync(join(machine.root, '0.2.0/disk0.img'), 'half');
    expect((await machine.call(upgrade, 'apply', '--yes')).code).toBe(6);
    expect(link(machine, 'current')).toBe(old);
  });

  it('goes back only where there is something to go back to', async () => {
    const machine = laptop();
    expect((await machine.call('vm_install', 'rollback', '--yes')).code).toBe(4);
    await apply(machine);
    const ended = await machine.call('vm_install', 'rollback', '--yes');
    expect(ended).toMatchObject({ code: 4 });
    expect(ended.said).toContain('there is no earlier bundle');
  });

  it('loses its manual page with the bundle that had it', async () => {
    const machine = laptop();
    writeFileSync(join(machine.bundle, 'man/airhive-old.8'), '.Dd\n');
    writeSums(machine.bundle);
    const page = join(machine.local, 'share/man/man8/airhive-old.8');
    await apply(machine);
    expect(existsSync(page)).toBe(true);
    await done(machine, newer(machine, '0.2.0'), 'apply', '--yes');
    expect(existsSync(page)).toBe(false);
  });
});

/** The number of the first call like this in the upgrade of a laptop. */
async function callBefore(pattern: RegExp, change: Record<string, unknown>): Promise<number> {
  const machine = laptop();
  await apply(machine);
  const upgrade = newer(machine, '0.2.0', change);
  const before = machine.get('calls').split('\n').length - 1;
  await done(machine, upgrade, 'apply', '--yes');
  const number = machine
    .get('calls')
    .split('\n')
    .slice(before)
    .findIndex((line) => pattern.test(line));
  expect(number).toBeGreaterThan(0);
  return number + 1;
}
