import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { readFat } from '../fixtures/fat-reader.ts';
import { encodeSite } from '../../generators/plan/site.ts';
import type { SiteNetwork } from '../../generators/profile/secrets.ts';
import { run } from '../fixtures/scratch.ts';
import type { Machine } from './machine.ts';

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
}

export const siteImage = (machine: Machine): string => join(machine.data, 'site.img');

/** Runs vm_site with a line, or more, as its input. */
export function site(machine: Machine, input: string | null, ...args: string[]): Said {
  return shell(machine, input ?? '', [resolve(machine.bundle, 'vm_site'), ...args]);
}

/** Runs a script under the machine's shell. */
export function shell(machine: Machine, input: string, args: readonly string[]): Said {
  const [program = '', ...before] = machine.shell;
  const { status, stdout, stderr } = spawnSync(program, [...before, ...args], {
    env: machine.variables(),
    input,
    encoding: 'latin1',
  });
  return { code: status, out: stdout, said: stderr };
}

/** As site, and it has to work. Returns what was said. */
export function siteOk(machine: Machine, input: string | null, ...args: string[]): string {
  const { code, out, said } = site(machine, input, ...args);
  expect(code, said).toBe(0);
  return out + said;
}

/** The files of data/site.img by name, as mtools reads them, after fsck.fat has found nothing wrong. */
export function siteFiles(machine: Machine): Record<string, string> {
  const image = siteImage(machine);
  run('fsck.fat', ['-n', image]);
  expect(run('mlabel', ['-s', '-i', image, '::']).toString()).toContain('AIRHIVESITE');
  const names = run('mdir', ['-b', '-i', image, '::'])
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace('::/', ''));
  return Object.fromEntries(
    names.map((name) => [name, run('mtype', ['-i', image, `::${name}`]).toString('latin1')]),
  );
}

export const networksOf = (machine: Machine): string => siteFiles(machine)['networks.conf'] ?? '';

/** Nothing is left behind: no disk, no mount, no work folder, no file for others, and the secrets nowhere but in data/. */
export function expectTidy(machine: Machine, secrets: readonly string[] = []): void {
  expect(readdirSync(join(machine.state, 'md'))).toEqual([]);
  expect(machine.get('mounts')).toBe('');
  const data = machine.data;
  expect(existsSync(join(data, 'site.work'))).toBe(false);
  expect(existsSync(join(machine.run, 'vm_site'))).toBe(false);
  for (const file of filesBelow(data)) {
    expect(statSync(file).mode & 0o077, file).toBe(0);
    expect(file).not.toMatch(/\.new$/);
  }
  for (const file of filesBelow(machine.root).filter((path) => !path.startsWith(data)))
    for (const secret of secrets) expect(readFileSync(file, 'latin1').includes(secret), file).toBe(false);
}

/** Every byte of data/, to see whether anything has changed. */
export function dataOf(machine: Machine): Record<string, string> {
  const data = machine.data;
  return Object.fromEntries(filesBelow(data).map((file) => [file, readFileSync(file, 'latin1')]));
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A bhyve of this VM, and the script that plays ssh; it gets the arguments and the input of ssh. */
export function guestRuns(machine: Machine, ssh: string): void {
  machine.put(`processes/${process.pid}`, 'bhyve: airhive\n');
  machine.replace('ssh', `PATH=/usr/bin:/bin\n${ssh}`);
}

/** A network as airhive build knows it. */
export const network = (values: Partial<SiteNetwork>): SiteNetwork => ({
  ssid: Buffer.from('home'),
  passphrase: 'battery staple',
  hidden: false,
  priority: 0,
  trusted: false,
  public: false,
  legacy: false,
  mac: null,
  ...values,
});

/** What airhive build writes for the same networks. */
export function written(networks: readonly SiteNetwork[]): string {
  const image = encodeSite({ networks, adminKeys: [], tunnelKeys: [], hostKey: '' }, 0);
  const file = readFat(image).files.find(({ path }) => path === 'networks.conf');
  return Buffer.from(file?.bytes ?? []).toString('latin1');
}

/** A network of a wpa_supplicant.conf. */
export const block = (...lines: string[]): string =>
  `network={\n${lines.map((line) => `\t${line}\n`).join('')}}\n`;
