import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSums } from './bundle.ts';
import { apply, done, filesOf, laptop, newer, read, remove } from './installing.ts';
import { Machine, type Ended } from './machine.ts';
import { installed } from './service-bench.ts';
import { onTerminal } from './terminal.ts';

const DOOR = new URL('../../overlays/host/airhivectl', import.meta.url).pathname;

/** A bundle whose commands only say who was called, from where, and with what. */
function talking(directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'vm.conf'), '');
  for (const name of 'status wifi site native console log install fetch run kill tunnel'.split(' ')) {
    writeFileSync(
      join(directory, `vm_${name}`),
      'printf "%s" "${0##*/}"; printf "<%s>" "$@"; echo; exit 5\n',
    );
  }
  cpSync(DOOR, join(directory, 'airhivectl'));
}

/** A machine on which only airhivectl is installed. */
function bare(): { machine: Machine; door: string; call: (...args: string[]) => Promise<Ended> } {
  const machine = new Machine({ host: 'laptop' });
  const door = join(machine.local, 'sbin/airhivectl');
  mkdirSync(join(machine.local, 'sbin'), { recursive: true });
  cpSync(DOOR, door);
  return { machine, door, call: (...args) => machine.call(door, ...args) };
}

function record(machine: Machine, directory: string): void {
  mkdirSync(join(machine.var, 'db/airhive'), { recursive: true });
  writeFileSync(join(machine.var, 'db/airhive/folder'), `${directory}\n`);
}

describe('airhivectl', () => {
  it.each([
    ['status --json', 'vm_status<--json>'],
    ['wifi scan', 'vm_wifi<scan>'],
    ['site add', 'vm_site<add>'],
    ['native on', 'vm_native<on>'],
    ['console --log', 'vm_console<--log>'],
    ['log', 'vm_log<>'],
    ['check', 'vm_install<check>'],
    ['install --yes', 'vm_install<apply><--yes>'],
    ['upgrade --card 4/0/0', 'vm_install<apply><--card><4/0/0>'],
    ['rollback', 'vm_install<rollback>'],
    ['remove --dry-run', 'vm_install<remove><--dry-run>'],
    ['fetch', 'vm_fetch<>'],
    ['run', 'vm_run<>'],
    ['kill --quick', 'vm_kill<--quick>'],
    ['tunnel', 'vm_tunnel<>'],
    ['help wifi', 'vm_wifi<--help>'],
    ['install --help', 'vm_install<apply><--help>'],
  ])('%s is %s, with its exit status', async (line, called) => {
    const { machine, call } = bare();
    const directory = join(machine.root, 'home');
    talking(join(directory, 'current'));
    talking(join(machine.local, 'share/airhive/intel'));
    record(machine, directory);
    expect(await call(...line.split(' '))).toMatchObject({ code: 5, said: `${called}\n` });
  });

  it('hands arguments on as they are', async () => {
    const { machine, call } = bare();
    talking(join(machine.local, 'share/airhive/intel'));
    const words = ['wifi', 'join', "Caf\u00e9 'x' $(id)", '', '*', '--', '-n'];
    expect((await call(...words)).said).toBe("vm_wifi<join><Caf\u00e9 'x' $(id)><><*><--><-n>\n");
  });

  it('without a verb for wifi chooses on a terminal, and says how elsewhere', async () => {
    const { machine, door, call } = bare();
    talking(join(machine.local, 'share/airhive/intel'));
    expect((await call('wifi')).said).toBe('vm_wifi<>\n');
    const { shown } = await onTerminal(machine, `$RUN_SH ${door} wifi`);
    expect(shown).toBe('vm_wifi<pick>\r\n');
  });

  it('looks at what is installed, installs from where it lies, and else from the package', async () => {
    const { machine, call } = bare();
    const [home, fresh, packaged] = ['home', 'fresh', 'usr/local/share/airhive/intel'].map((name) =>
      join(machine.root, name),
    ) as [string, string, string];
    const where = async (...words: string[]): Promise<string> =>
      (await machine.call(...(words as [string]))).said;
    const saying = (directory: string, name: string) => {
      talking(directory);
      for (const command of ['vm_status', 'vm_install'])
        writeFileSync(join(directory, command), `echo ${name} "$@"\n`);
    };
    const door = join(machine.local, 'sbin/airhivectl');
    const nothing = await call('status');
    expect([nothing.code, nothing.said]).toEqual([
      4,
      expect.stringMatching(/^airhivectl: there is no bundle/),
    ]);
    expect(await call('wifi')).toEqual(nothing);
    saying(fresh, 'fresh');
    expect(await where(join(fresh, 'airhivectl'), 'status')).toBe('fresh\n');
    expect((await call('upgrade')).said).toMatch(/^airhivectl: airhive is not installed yet/);
    saying(packaged, 'packaged');
    expect(await where(door, 'status')).toBe('packaged\n');
    expect(await where(door, 'install')).toBe('packaged apply\n');
    saying(join(home, 'current'), 'installed');
    record(machine, home);
    expect(await where(door, 'status')).toBe('installed\n');
    expect(await where(door, 'rollback')).toBe('installed rollback\n');
    expect(await where(join(fresh, 'airhivectl'), 'status')).toBe('installed\n');
    expect(await where(join(fresh, 'airhivectl'), 'upgrade')).toBe('fresh apply\n');
    expect(await where(door, 'upgrade')).toBe('packaged apply\n');
    expect(await where(door, 'check')).toBe('installed check\n');
    expect(await where(join(fresh, 'airhivectl'), 'check')).toBe('fresh check\n');
    rmSync(packaged, { recursive: true });
    expect(await where(door, 'check')).toBe('installed check\n');
    expect((await call('upgrade')).said).toMatch(/^airhivectl: there is no newer bundle here/);
    rmSync(join(home, 'current/vm_status'));
    const damaged = await call('status');
    expect([damaged.code, damaged.said.includes('vm_status is missing')]).toEqual([4, true]);
  });

  it('says what it can', async () => {
    const { call } = bare();
    for (const words of [['help'], ['--help'], ['-h']]) {
      const { code, said } = await call(...words);
      expect([code, said.split('\n')[0]]).toEqual([0, 'usage: airhivectl COMMAND [ARGUMENT ...]']);
    }
    // Before anything is installed, too.
    for (const words of [
      ['upgrade', '--help'],
      ['help', 'upgrade'],
      ['status', '-h'],
    ])
      expect(await call(...words)).toEqual(await call('help'));
    expect((await call()).code).toBe(2);
    const unknown = await call('statsu');
    expect([unknown.code, unknown.said.includes('airhivectl help')]).toEqual([2, true]);
  });
});

describe('every command', () => {
  it('answers --help and -h, also by airhivectl help', async () => {
    const machine = laptop();
    const scripts = readdirSync(machine.bundle).filter((name) => /^(vm_[a-z]+|airhivectl)$/.test(name));
    expect(scripts.length).toBeGreaterThan(11);
    for (const script of scripts) {
      const long = await machine.call(script, '--help');
      expect([script, long.code, long.said]).toEqual([script, 0, expect.stringMatching(/^usage:[ \n]/)]);
      expect(long.said).toContain(script);
      expect(await machine.call(script, '-h')).toEqual(long);
      if (script.startsWith('vm_'))
        expect(await machine.call('airhivectl', 'help', script.slice(3))).toEqual(long);
    }
    for (const [script, verb] of [
      ['vm_wifi', 'join'],
      ['vm_site', 'add'],
      ['vm_install', 'apply'],
      ['vm_native', 'on'],
    ] as const)
      expect(await machine.call(script, verb, '--help')).toEqual(await machine.call(script, '--help'));
  });

  it('of the three that tell the state says the same', async () => {
    const { machine, service } = installed();
    const bundle = join(machine.directory, 'bundles/first');
    const status = await machine.call(join(bundle, 'vm_status'));
    expect((await service('status')).said).toBe(status.said);
    expect(await machine.call(join(bundle, 'airhivectl'), 'status')).toEqual(status);
  });
});

/** The three places where FreeBSD's packages of these shells look. */
const COMPLETIONS = {
  bash: 'share/bash-completion/completions/airhivectl',
  zsh: 'share/zsh/site-functions/_airhivectl',
  fish: 'share/fish/vendor_completions.d/airhivectl.fish',
};

/** Makes the bundle in a directory one of before airhivectl. */
function older(directory: string): void {
  rmSync(join(directory, 'airhivectl'));
  rmSync(join(directory, 'completion'), { recursive: true });
  const without = (file: string, change: (text: string) => string) => {
    const path = join(directory, 'lib', file);
    const text = readFileSync(path, 'utf8');
    const changed = change(text);
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
  };
  without('settings', (text) => text.replace(/^ {2}echo airhivectl\n {2}settings_completions\n/m, ''));
  without('record', (text) =>
    text
      .replace(/^ {4}(airhivectl|completion\.[a-z]+)\) echo "\$LOCAL.*\n/gm, '')
      .replace(' "$RECORD"/later/*', '')
      .replace(/^ {4}airhivectl \| completion.*\n/m, '')
      .replace(' airhivectl rc.conf', ' rc.conf')
      .replace(/^ {2}echo completion\.bash.*\n/m, ''),
  );
  writeSums(directory);
}

describe('vm_install and airhivectl', () => {
  it('installs it, and completions for the shells that are there, and takes them back', async () => {
    const machine = laptop();
    for (const file of [COMPLETIONS.bash, COMPLETIONS.fish])
      mkdirSync(join(machine.local, file, '..'), { recursive: true });
    const before = filesOf(machine);
    await apply(machine);
    const door = join(machine.local, 'sbin/airhivectl');
    expect(read(door)).toBe(read(DOOR));
    expect(statSync(door).mode & 0o777).toBe(0o555);
    for (const shell of ['bash', 'fish'] as const)
      expect(read(machine.local, COMPLETIONS[shell])).toBe(
        read(machine.bundle, `completion/airhivectl.${shell}`),
      );
    expect(existsSync(join(machine.local, COMPLETIONS.zsh))).toBe(false);
    // A shell that comes later gets its own by the next apply.
    mkdirSync(join(machine.local, COMPLETIONS.zsh, '..'), { recursive: true });
    expect((await done(machine, door, 'install', '--yes')).said).toContain('_airhivectl');
    expect((await done(machine, door, 'install', '--yes')).said).toContain('nothing to change');
    rmSync(join(machine.local, 'share/zsh'), { recursive: true });
    await done(machine, door, 'remove', '--yes');
    expect(filesOf(machine)).toEqual(before);
  });

  it('goes back to a bundle that has none, and on to one that has', async () => {
    const machine = laptop();
    mkdirSync(join(machine.local, COMPLETIONS.bash, '..'), { recursive: true });
    const before = filesOf(machine);
    older(machine.bundle);
    await apply(machine);
    const old = filesOf(machine);
    const upgrade = newer(machine, '9.9.0');
    await done(machine, upgrade, 'apply', '--yes');
    const door = join(machine.local, 'sbin/airhivectl');
    expect(existsSync(door)).toBe(true);
    const shown = await done(machine, door, 'rollback', '--dry-run');
    expect([shown.said.includes('--dry-run: nothing was changed'), existsSync(door)]).toEqual([true, true]);
    await done(machine, door, 'rollback', '--yes');
    expect(filesOf(machine)).toEqual(old);
    await done(machine, upgrade, 'apply', '--yes');
    // The old one installs itself over the new one, and leaves what it does not know where the new one finds it.
    await done(machine, join(machine.bundle, 'vm_install'), 'apply', '--yes');
    expect(existsSync(door)).toBe(true);
    await done(machine, upgrade, 'apply', '--yes');
    await done(machine, door, 'remove', '--yes');
    expect(filesOf(machine)).toEqual(before);
  });

  it('does not let an older bundle remove its record and leave it behind', async () => {
    const machine = laptop();
    await apply(machine);
    const door = join(machine.local, 'sbin/airhivectl');
    rmSync(join(machine.directory, 'current/airhivectl'));
    const { code, said } = await machine.call(door, 'remove', '--yes');
    expect([code, said]).toEqual([
      4,
      expect.stringContaining('older than airhivectl and would leave it behind'),
    ]);
    expect(existsSync(join(machine.directory, 'current'))).toBe(true);
  });

  it('gives back an airhivectl that was there before', async () => {
    const machine = laptop();
    const door = join(machine.local, 'sbin/airhivectl');
    mkdirSync(join(door, '..'), { recursive: true });
    writeFileSync(door, '#!/bin/sh\necho mine\n', { mode: 0o700 });
    const before = filesOf(machine);
    await apply(machine);
    expect(read(door)).toBe(read(DOOR));
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });
});

/** What the package puts in place, as generators/bundle/package.ts says. */
function putPackage(machine: Machine, bundle = machine.bundle): string {
  const packaged = join(machine.local, 'share/airhive/intel8260');
  cpSync(bundle, packaged, { recursive: true });
  const places = {
    airhivectl: 'sbin/airhivectl',
    'completion/airhivectl.bash': COMPLETIONS.bash,
    'man/airhive-profile.5': 'share/man/man5/airhive-profile.5',
    'man/airhive.8': 'share/man/man8/airhive.8',
    'rc.d/airhive': 'etc/rc.d/airhive',
  };
  for (const [from, to] of Object.entries(places)) {
    mkdirSync(join(machine.local, to, '..'), { recursive: true });
    rmSync(join(machine.local, to), { force: true });
    cpSync(join(packaged, from), join(machine.local, to));
  }
  return packaged;
}

const SERVICE = 'etc/rc.d/airhive';

describe('vm_install and the package', () => {
  it('leaves what belongs to the package to it', async () => {
    const machine = laptop();
    putPackage(machine);
    const before = filesOf(machine);
    const door = join(machine.local, 'sbin/airhivectl');
    const ended = await done(machine, door, 'install', '--yes');
    expect(ended.said).not.toContain(join(machine.local, SERVICE));
    // A newer package comes, and with it another file in its place.
    writeFileSync(join(machine.bundle, 'rc.d/airhive'), `${read(machine.bundle, 'rc.d/airhive')}# newer\n`);
    writeSums(machine.bundle);
    putPackage(machine);
    const newerFiles = filesOf(machine);
    await done(machine, door, 'upgrade', '--yes');
    await done(machine, door, 'remove', '--yes');
    const [etc, boot, local = {}] = before;
    const now = newerFiles[2] ?? {};
    const expected = Object.fromEntries(Object.keys(local).map((path) => [path, now[path]]));
    expect(filesOf(machine)).toEqual([etc, boot, expected]);
    expect(expected[SERVICE]).not.toBe(local[SERVICE]);
  });

  it('that came over an installation gets its own files back, in its newest state', async () => {
    const machine = laptop();
    await apply(machine);
    writeFileSync(join(machine.bundle, 'rc.d/airhive'), `${read(machine.bundle, 'rc.d/airhive')}# newer\n`);
    writeSums(machine.bundle);
    putPackage(machine);
    const service = read(machine.local, SERVICE);
    await done(machine, join(machine.local, 'sbin/airhivectl'), 'remove', '--yes');
    expect(read(machine.local, SERVICE)).toBe(service);
    expect(existsSync(join(machine.data, 'edited'))).toBe(false);
  });

  it('that goes while airhive is installed leaves a machine that starts its guest, and remove takes all back', async () => {
    const machine = laptop();
    const before = filesOf(machine);
    const packaged = putPackage(machine);
    await done(machine, join(machine.local, 'sbin/airhivectl'), 'install', '--yes');
    for (const path of [packaged, 'share/man/man8/airhive.8', 'sbin/airhivectl', SERVICE, COMPLETIONS.bash])
      rmSync(path.startsWith('/') ? path : join(machine.local, path), { recursive: true });
    const kept = join(machine.directory, 'current/vm_install');
    expect((await machine.call(kept, 'keep')).said).toBe('');
    expect(read(machine.local, SERVICE)).toBe(read(machine.bundle, 'rc.d/airhive'));
    expect((await machine.call(kept, 'keep')).code).toBe(0);
    expect((await machine.reboot())?.code).toBe(0);
    await done(machine, join(machine.local, 'sbin/airhivectl'), 'remove', '--yes');
    for (const path of [
      'share/airhive',
      'share/bash-completion/completions',
      'share/bash-completion',
      'share/man/man8',
      'share/man',
      'sbin',
      'etc/rc.d',
      'etc',
    ])
      if (existsSync(join(machine.local, path)) && readdirSync(join(machine.local, path)).length === 0)
        rmSync(join(machine.local, path), { recursive: true });
    const [etc, boot] = filesOf(machine);
    expect([etc, boot]).toEqual(before.slice(0, 2));
    expect(existsSync(join(machine.local, SERVICE))).toBe(false);
  });
});
