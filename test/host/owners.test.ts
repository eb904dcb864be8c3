import { chmodSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { laptop } from './installing.ts';
import { Machine } from './machine.ts';

// Whoever may write around root's scripts and keys is root at the next start.

const places: readonly [string, (machine: Machine) => string][] = [
  ['the folder of airhive', (machine) => machine.directory],
  ['a folder around it', (machine) => join(machine.root, 'mnt')],
  ['data', (machine) => machine.data],
];

describe('vm_install check', () => {
  it.each(places)('refuses %s that others may write into', async (_what, place) => {
    for (const [mode, group] of [
      [0o777, 0],
      [0o1777, 0],
      [0o775, 1001],
    ] as const) {
      const machine = laptop();
      mkdirSync(place(machine), { recursive: true });
      chmodSync(place(machine), mode);
      machine.put('owners', `0 ${group} ${place(machine)}\n`);
      const ended = await machine.call('vm_install', 'check');
      expect(ended.code, ended.said).toBe(4);
      expect(ended.said).toContain(`error    others can write into ${place(machine)} (drwx`);
      expect((await machine.call('vm_install', 'apply', '--yes')).code).toBe(4);
    }
  });

  it.each(places)('refuses %s that is not root’s', async (_what, place) => {
    const machine = laptop();
    mkdirSync(place(machine), { recursive: true });
    machine.put('owners', `1001 0 ${place(machine)}\n`);
    const ended = await machine.call('vm_install', 'check');
    expect(ended.code, ended.said).toBe(4);
    expect(ended.said).toContain(`error    ${place(machine)} belongs to the user 1001`);
  });

  it('looks behind links, and at whose they are', async () => {
    const machine = laptop();
    const elsewhere = join(machine.root, 'tank/vm');
    mkdirSync(join(elsewhere, 'linuxguest'), { recursive: true });
    symlinkSync(elsewhere, join(machine.root, 'mnt/vm_bhyve'));
    expect((await machine.call('vm_install', 'check')).code).toBe(0);
    machine.put('owners', `1001 0 ${join(machine.root, 'mnt/vm_bhyve')}\n`);
    expect((await machine.call('vm_install', 'check')).said).toContain(
      'mnt/vm_bhyve belongs to the user 1001',
    );
    machine.put('owners', '');
    chmodSync(join(machine.root, 'tank'), 0o777);
    expect((await machine.call('vm_install', 'check')).said).toContain('tank (drwxrwxrwx) and become root');
  });

  it('lets the group wheel write', async () => {
    const machine = laptop();
    chmodSync(join(machine.root, 'mnt'), 0o775);
    expect((await machine.call('vm_install', 'check')).code).toBe(0);
  });

  it.each([
    [
      'passwordauthentication yes\nkbdinteractiveauthentication no\n',
      'takes passwords (passwordauthentication)',
    ],
    [
      'passwordauthentication no\nkbdinteractiveauthentication yes\n',
      'takes passwords (kbdinteractiveauthentication)',
    ],
    ['passwordauthentication no\nkbdinteractiveauthentication no\n', ''],
  ])('says what the tunnel opens, with %s', async (settings, words) => {
    const machine = laptop();
    machine.put('sshd-settings', settings);
    const { code, said } = await machine.call('vm_install', 'check');
    expect(code, said).toBe(0);
    expect(said).toMatch(
      /^warning {2}the reverse tunnel: port 2210 on every Wi-Fi .* come from 127\.0\.0\.1/m,
    );
    if (words === '') expect(said).not.toContain('takes passwords');
    else expect(said).toContain(words);
  });

  it('says nothing of a tunnel that there is none of', async () => {
    const machine = new Machine({ host: 'laptop', view: { reversePort: '', reverseTo: '' } });
    machine.put('sshd-settings', 'passwordauthentication yes\n');
    expect((await machine.call('vm_install', 'check')).said).not.toMatch(/tunnel|passwords/);
  });
});

it('vm_run does not start with disks that others may change', async () => {
  const machine = new Machine();
  mkdirSync(machine.data, { recursive: true, mode: 0o700 });
  machine.put('owners', `1001 0 ${machine.data}\n`);
  const ended = await machine.call('vm_run');
  expect(ended.code).toBe(4);
  expect(ended.said).toContain(`${machine.data} belongs to the user 1001`);
  expect(machine.calls('bhyve')).toEqual([]);
  expect(lstatSync(machine.data).isDirectory()).toBe(true);
});
