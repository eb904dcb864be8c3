import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, isForBuilding } from '../docs/documents.ts';
import { ELSEWHERE } from '../docs/elsewhere.ts';
import { kill, Machine } from './machine.ts';
import { furnish, typedOn, typingLaptop } from './typing.ts';

const TIME = 240_000;
const VIEW = { console: 'nmdm' };

/** What a person types for it: in the folder of the bundle a bare name is the script there. */
const typed = (command: string): string => command.replace(/^(?=vm_)/, './');

const shown = new Set(
  commands()
    .map(({ command }) => command)
    .filter((command) => !isForBuilding(command) && !(command in ELSEWHERE))
    .map(typed),
);

const CURRENT = '/mnt/vm_bhyve/linuxguest/current/';
/** Those that come before there is an installation, and the one that ends it. */
const FIRST = ['./vm_fetch', './vm_install check', './vm_install apply --dry-run', './vm_install apply'];
const LAST = ['./vm_install remove', `${CURRENT}vm_install remove`] as const;
const BACK = ['./vm_install rollback', `${CURRENT}vm_install rollback`];

/** vm_run stays in its terminal; a reboot is the machine's own; test/host/airhivectl.test.ts has the last ones. */
const ALONE = [
  './vm_run',
  './vm_kill',
  'shutdown -r now',
  'airhivectl wifi',
  'airhivectl upgrade',
  'airhivectl remove',
];

/** A command that ends with something else than 0 when all is well. */
const ENDS_WITH: Readonly<Record<string, number>> = {
  // The guest of the bench has nothing more to say.
  './vm_wifi watch': 5,
};

async function works(machine: Machine, command: string, folder: string): Promise<void> {
  const [code, said] = await typedOn(machine, command, folder);
  expect([command, code], said).toEqual([command, ENDS_WITH[command] ?? 0]);
}

async function installed(): Promise<Machine> {
  const machine = typingLaptop(VIEW);
  for (const command of FIRST) await works(machine, command, machine.bundle);
  expect((await machine.reboot())?.code).toBe(0);
  furnish(machine);
  return machine;
}

describe('the commands of the documents', { timeout: TIME }, () => {
  it('that are for a machine with a guest work there, one after the other, up to the removal', async () => {
    const machine = await installed();
    // For those of an access point, with both packet filters.
    for (const filter of ['pf', 'ipfw']) machine.put(filter, '');
    const others = new Set([...FIRST, ...LAST, ...BACK, ...ALONE]);
    const current = join(machine.directory, 'current');
    const usual = [...shown].filter((command) => !others.has(command));
    expect(usual.length).toBeGreaterThan(50);
    for (const command of usual) {
      if (command === 'kldload nmdm') machine.put('modules', machine.get('modules').replace('nmdm\n', ''));
      await works(machine, command, current);
    }
    await works(machine, LAST[0], current);
    expect(existsSync(current)).toBe(false);
  });

  it('that go back to the bundle before work, and the removal after them', async () => {
    const machine = await installed();
    const current = join(machine.directory, 'current');
    await works(machine, './vm_install apply', machine.addBundle('newer', { ...VIEW, version: '9.9' }));
    for (const command of [...BACK, LAST[1]]) await works(machine, command, current);
    expect(existsSync(current)).toBe(false);
  });

  it('that run and end the guest in a terminal work', async () => {
    const machine = new Machine();
    const started = await machine.up();
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    const again = await machine.up();
    kill(again.pid, 'SIGINT');
    expect((await again.ended).code).toBe(130);
  });

  it('are those that the tests above name', () => {
    expect([...FIRST, ...LAST, ...BACK, ...ALONE].filter((command) => !shown.has(command))).toEqual([]);
  });
});
