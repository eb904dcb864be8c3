import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indentedCommands } from '../docs/documents.ts';
import { CARDS, INTEL } from './cards.ts';
import type { Machine } from './machine.ts';
import { lacks, lacksNative, systemOf } from './stories/laptop.ts';
import { furnish, typedOn, typingLaptop } from './typing.ts';

const FOLDER = 'mnt/vm_bhyve/linuxguest';

/** The appendix "everything by hand" of a bundle's README.txt. */
function appendix(machine: Machine): string {
  const [, text = ''] = readFileSync(join(machine.bundle, 'README.txt'), 'utf8').split(/^Appendix: .*\n-+$/m);
  expect(text).toContain('snippets/rc.conf');
  return text;
}

const settings = (text: string): string[] => text.split('\n').filter((line) => /^[a-z[]/.test(line));
const nameOf = (line: string): string => line.replace(/=.*/, '');
const valueOf = (line: string): string => line.replace(/^[^=]*=["']?/, '').replace(/["'].*$/, '');

/** Adds the lines of a snippet to a file; where it has such a line already, both become one, in the place of the old. */
function addLines(file: string, snippet: string): void {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').replace(/\n$/, '').split('\n') : [];
  for (const line of settings(snippet)) {
    const at = lines.findIndex((old) => old.startsWith(`${nameOf(line)}=`));
    if (at < 0 || line.startsWith('[')) lines.push(line);
    else lines[at] = `${nameOf(line)}="${valueOf(lines[at]!)} ${valueOf(line)}"`;
  }
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** What snippets/rc.conf says to take out, as commands; sysrc refuses a name that is not there, and says so. */
async function takeOut(machine: Machine, snippet: string): Promise<void> {
  const names = [...snippet.matchAll(/^# {3}sysrc -x (\S+)$/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) {
    const there = readFileSync(join(machine.etc, 'rc.conf'), 'utf8').includes(`\n${name}=`);
    const [code] = await typedOn(machine, `sysrc -x ${name}`, machine.bundle);
    expect([name, code === 0]).toEqual([name, there]);
  }
}

/** The list "snippets/X for Y" of the appendix, followed; then the lines that FreeBSD's own Wi-Fi needed. */
async function addSnippets(machine: Machine): Promise<void> {
  const rows = [...appendix(machine).matchAll(/^ {2}(snippets\/\S+) +for (\S+)$/gm)];
  expect(rows).toHaveLength(4);
  for (const [, snippet = '', file = ''] of rows)
    addLines(join(machine.root, file), readFileSync(join(machine.bundle, snippet), 'utf8'));
  // "It must come from the loader and not from kld_list", "The same names must not stand in kld_list either."
  const rc = join(machine.etc, 'rc.conf');
  writeFileSync(rc, readFileSync(rc, 'utf8').replace('i915kms if_iwm', 'i915kms'));
  const loader = join(machine.boot, 'loader.conf');
  writeFileSync(loader, readFileSync(loader, 'utf8').replace('if_iwm_load="YES"\n', ''));
  await takeOut(machine, readFileSync(join(machine.bundle, 'snippets/rc.conf'), 'utf8'));
}

async function works(machine: Machine, ...lines: string[]): Promise<string> {
  let all = '';
  for (const command of lines) {
    const [code, said] = await typedOn(machine, command, machine.bundle);
    expect([command, code], said).toEqual([command, 0]);
    all += said;
  }
  return all;
}

describe('README.txt, by hand', { timeout: 240_000 }, () => {
  it('step by step: the service finds the bundle after the reboot, daily use works, and all goes back', async () => {
    const machine = typingLaptop({ console: 'nmdm' }, FOLDER);
    expect(machine.bundle).toBe(machine.directory);
    const before = systemOf(machine);
    const copies = ['etc', 'boot'].map((name) => [
      join(machine.root, name),
      join(machine.root, `tmp/${name}`),
    ]);
    for (const [from = '', to = ''] of copies) cpSync(from, to, { recursive: true });

    const steps = indentedCommands(appendix(machine));
    const ofService = steps.indexOf('mkdir -p /usr/local/etc/rc.d /usr/local/etc/devd');
    const stop = steps.indexOf('service airhive stop');
    expect(ofService).toBeGreaterThan(1);
    expect(steps.slice(stop)).toEqual(['service airhive stop', './vm_run']);
    await works(machine, './vm_fetch', ...steps.slice(0, ofService));
    await addSnippets(machine);
    // "On FreeBSD 13 ... from 14.0 on leave the last one out"; this is 14.
    const rest = steps.slice(ofService, stop).filter((command) => !command.includes('-suspend'));
    expect(rest.length).toBeGreaterThan(4);
    const said = await works(machine, ...rest);
    expect(said).toContain('AIRHIVE(8)');

    const booted = await machine.reboot();
    expect(booted?.code, booted?.said).toBe(0);
    expect(lacks(machine)).toEqual([]);
    furnish(machine);
    expect(await works(machine, 'service airhive status', './vm_status')).toContain('online');
    expect(await works(machine, './vm_site list')).toContain('"Home sweet home"');
    await works(machine, './vm_wifi scan', './vm_log', 'service airhive check', 'service airhive restart');
    expect(lacks(machine)).toEqual([]);

    await works(machine, 'service airhive stop');
    expect(machine.guests()).toEqual([]);
    const started = await machine.up();
    await works(machine, './vm_kill');
    expect((await started.ended).code).toBe(0);

    for (const [to = '', from = ''] of copies) {
      rmSync(to, { recursive: true });
      cpSync(from, to, { recursive: true });
    }
    for (const name of ['rc.d/airhive', 'devd'])
      rmSync(join(machine.local, 'etc', name), { recursive: true });
    await machine.reboot();
    expect(lacksNative(machine)).toEqual([]);
    expect(systemOf(machine)).toEqual(before);
  });

  it('a card that vm_install would find, with what lib/cards.tsv says of it', async () => {
    const machine = typingLaptop({ ...INTEL, console: 'nmdm' }, FOLDER);
    const [block = ''] = /^ {2}pciconf -l .*\n( {2}.*\n)+/m.exec(appendix(machine)) ?? [];
    const ofCard = block.trim().split(/\n */);
    expect(ofCard).toHaveLength(5);
    expect(await works(machine, ...ofCard)).toContain('iwm0@pci0:4:0:0:');
    const row = CARDS.split('\n').find((line) => line.startsWith('8086:24f3')) ?? '';
    const [modules = '', names = ''] = row.split('\t').slice(4, 6);
    const snippet = (name: string): string => readFileSync(join(machine.bundle, 'snippets', name), 'utf8');
    expect(snippet('loader.conf')).not.toMatch(/^pptdevs/m);
    addLines(join(machine.boot, 'loader.conf'), snippet('loader.conf').replace('# pptdevs=', 'pptdevs='));
    const rc = join(machine.etc, 'rc.conf');
    addLines(rc, `${snippet('rc.conf')}devmatch_blocklist="${modules}"\n`);
    addLines(join(machine.etc, 'sysctl.conf'), snippet('sysctl.conf'));
    addLines(join(machine.etc, 'resolvconf.conf'), snippet('resolvconf.conf'));
    const settled = readFileSync(rc, 'utf8').replace('i915kms if_iwm', 'i915kms');
    const gone = new RegExp(`^(${names.replace(' ', '|')}|ifconfig_wlan0|create_args_wlan0)=.*\n`, 'gm');
    writeFileSync(rc, settled.replace(gone, ''));
    const loader = join(machine.boot, 'loader.conf');
    writeFileSync(loader, readFileSync(loader, 'utf8').replace('if_iwm_load="YES"\n', ''));
    await works(machine, 'cp rc.d/airhive /usr/local/etc/rc.d/airhive', './vm_site init');
    const booted = await machine.reboot();
    expect(booted?.code, booted?.said).toBe(0);
    expect(lacks(machine)).toEqual([]);
    expect(machine.calls('bhyve').at(-1)).toContain(' 5:0,passthru,4/0/0 ');
    furnish(machine);
    expect(await works(machine, 'service airhive status')).toContain('Intel Wireless-AC 8260');
  });

  it('an installation by hand is taken over by vm_install, with its networks', async () => {
    const machine = typingLaptop({ console: 'nmdm' }, FOLDER);
    await addSnippets(machine);
    await works(
      machine,
      'cp rc.d/airhive /usr/local/etc/rc.d/airhive',
      './vm_site init',
      './vm_site add NAME',
    );
    expect((await machine.reboot())?.code).toBe(0);
    const [code, said] = await typedOn(machine, './vm_install apply', machine.bundle);
    expect(code, said).toBe(0);
    expect((await machine.reboot())?.code).toBe(0);
    expect(lacks(machine)).toEqual([]);
    expect(existsSync(join(machine.directory, 'current/vm_run'))).toBe(true);
    expect(await works(machine, 'current/vm_site list')).toContain('"NAME"');
  });

  it('a service without a bundle says where it looked', async () => {
    const machine = typingLaptop({ console: 'nmdm' });
    const rc = join(machine.etc, 'rc.conf');
    writeFileSync(
      rc,
      `${readFileSync(rc, 'utf8')}airhive_enable="YES"\nairhive_dir="${machine.directory}"\n`,
    );
    const script = join(machine.local, 'etc/rc.d/airhive');
    cpSync(join(machine.bundle, 'rc.d/airhive'), script);
    const { code, said } = await machine.call(script, 'start');
    expect([code, said]).toEqual([
      expect.not.stringMatching(/^0$/),
      `airhive: there is no bundle at "${machine.directory}" (airhive_dir in rc.conf): run vm_install apply\n`,
    ]);
  });
});
