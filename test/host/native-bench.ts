import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { render, intel8260 } from './bundle.ts';
import type { Ended, Machine } from './machine.ts';
import { installed } from './service-bench.ts';

const RETIRED = ['wlans_iwm0', 'ifconfig_wlan0', 'create_args_wlan0'];

/** A machine as it is after vm_install apply and a reboot, as far as vm_native sees it; made in a fraction of the time. */
export async function ready(): Promise<Machine> {
  const { machine, service } = installed();
  const rc = join(machine.etc, 'rc.conf');
  const record = join(machine.var, 'db/airhive/files/rc.conf');
  mkdirSync(record, { recursive: true });
  cpSync(rc, join(record, 'original'));
  machine.play('sysrc', '-x', ...RETIRED);
  machine.play('sysrc', 'devmatch_blocklist=if_iwm if_iwlwifi', 'defaultrouter=172.24.1.1');
  writeFileSync(join(machine.etc, 'resolvconf.conf'), render('snippets/resolvconf.conf', intel8260));
  machine.put('kenv', 'pptdevs="4/0/0"\n');
  const started = await service('start');
  expect(started.code, started.said).toBe(0);
  return machine;
}

export async function native(machine: Machine, ...words: string[]): Promise<Ended> {
  return machine.call(join(machine.directory, 'current/vm_native'), ...words);
}

export async function works(machine: Machine, verb: 'on' | 'off'): Promise<string> {
  const ended = await native(machine, verb, '--yes');
  expect(ended.code, ended.said).toBe(0);
  return ended.said;
}

/** What there is of vm_native on a machine whose guest has the card. */
export const traces = (machine: Machine): string[] =>
  ['native', 'native.was', 'vm_native']
    .map((name) => join(machine.var, 'run/airhive', name))
    .concat(join(machine.etc, 'rc.conf.d/network'))
    .filter((path) => existsSync(path));
