import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AC8260, makerLaptop, putCards } from '../auto-bench.ts';
import { type Ended, Machine } from '../machine.ts';
import { keyMaterial, PLANTED, systemOf } from '../stories/laptop.ts';
import { treeBelow } from '../tree.ts';
import { namesBelow, siteOf } from './site.ts';
import type { Swept } from './sweep.ts';

const install = async (machine: Machine, verb: string, bundle = machine.bundle): Promise<Ended> =>
  machine.call(join(bundle, 'vm_install'), verb, '--yes');

/** An installation that was never disturbed. */
async function installed(): Promise<Machine> {
  const machine = new Machine({ host: 'laptop' });
  const ended = await install(machine, 'apply');
  expect(ended.code, ended.said).toBe(0);
  return machine;
}

/** Everything of the installation that a later command builds on; of the keys, which are random, the names. */
function installationOf(machine: Machine): unknown {
  const data = machine.data;
  const record = join(machine.var, 'db/airhive');
  return {
    system: systemOf(machine),
    bundles: existsSync(machine.directory) ? treeBelow(machine.directory, /^data/) : {},
    record: existsSync(record) ? treeBelow(record, /^folders$/) : {},
    folders: existsSync(join(record, 'folders')) ? linesOf(join(record, 'folders')) : [],
    data: existsSync(data) ? namesBelow(data) : [],
    site: siteOf(data),
  };
}

/** Each line once: a folder that was noted twice is removed once. */
const linesOf = (file: string): string[] => [...new Set(readFileSync(file, 'utf8').split('\n'))].toSorted();

const secrets = (machine: Machine): readonly string[] => [
  ...PLANTED,
  ...(existsSync(join(machine.data, 'keys/guest_host')) ? keyMaterial(machine) : []),
];

export const firstInstall: Swept = {
  name: 'vm_install apply, the first',
  prepare: async () => Promise.resolve(new Machine({ host: 'laptop' })),
  run: async (machine) => install(machine, 'apply'),
  picture: installationOf,
  secrets,
};

/** The same where there are no networks and keys any more, with what "airhive build --secrets" wrote beside the bundle. */
export const siteBeside: Swept = {
  name: 'vm_install apply, with a site image beside the bundle',
  prepare: async () => {
    const machine = await installed();
    cpSync(join(machine.data, 'site.img'), `${machine.bundle}.site.img`);
    rmSync(machine.data, { recursive: true });
    return machine;
  },
  run: async (machine) => install(machine, 'apply'),
  picture: installationOf,
  secrets,
};

/** A newer bundle beside the installed one, with other settings; returns its folder. */
const addNewer = (machine: Machine): string =>
  machine.addBundle('newer', { version: '0.2.0', memory: 512, tap: 'tap7' });

export const upgrade: Swept = {
  name: 'vm_install apply, an upgrade',
  prepare: async () => {
    const machine = await installed();
    addNewer(machine);
    return machine;
  },
  run: async (machine) => install(machine, 'apply', join(machine.root, 'newer')),
  picture: installationOf,
  secrets,
};

export const rollback: Swept = {
  name: 'vm_install rollback',
  prepare: async () => {
    const machine = await installed();
    const newer = addNewer(machine);
    const ended = await install(machine, 'apply', newer);
    expect(ended.code, ended.said).toBe(0);
    return machine;
  },
  run: async (machine) => install(machine, 'rollback', join(machine.directory, 'current')),
  picture: installationOf,
  secrets,
};

/** A bundle that finds its card by itself, installed, and the card is elsewhere since the last boot. */
export const movedCard: Swept = {
  name: 'vm_install apply, after the card has moved',
  prepare: async () => {
    const machine = makerLaptop([AC8260]);
    const ended = await install(machine, 'apply');
    expect(ended.code, ended.said).toBe(0);
    putCards(machine, { ...AC8260, place: '58/0/0' });
    machine.play('boot');
    return machine;
  },
  run: async (machine) => install(machine, 'apply'),
  picture: (machine) => [installationOf(machine), readFileSync(join(machine.data, 'card'), 'utf8')],
  secrets,
};

export const removal: Swept = {
  name: 'vm_install remove',
  prepare: installed,
  run: async (machine) => install(machine, 'remove'),
  picture: installationOf,
  secrets,
};
