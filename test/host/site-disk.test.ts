import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, Machine } from './machine.ts';
import { commandOf } from './processes.ts';
import { dataOf, expectTidy, networksOf, site, siteImage, siteOk } from './site-bench.ts';

describe('when the disk cannot be written', () => {
  const withOne = (): { machine: Machine; before: Record<string, string> } => {
    const machine = new Machine();
    siteOk(machine, 'battery staple', 'add', 'home');
    return { machine, before: dataOf(machine) };
  };
  const failing = (machine: Machine, name: string, line: string): void => {
    const file = join(machine.root, `played-${name}`);
    const real = machine.variables()[name] ?? '';
    writeFileSync(file, `#!/bin/sh\n${line.replace('REAL', real)}\n`, { mode: 0o755 });
    machine.environment[name] = file;
  };

  it.each<[string, number, string, (machine: Machine) => void]>([
    ['is full', 7, '4 MB are needed, 3 MB are free', (machine) => machine.put('free-kilobytes', '4095\n')],
    [
      'md is refused',
      4,
      'cannot be used as a disk',
      (machine) => failing(machine, 'MDCONFIG', 'case $1 in -a) exit 1 ;; esac; exec REAL "$@"'),
    ],
    ['newfs fails', 7, 'data/site.img is as it was', (machine) => failing(machine, 'NEWFS_MSDOS', 'exit 1')],
    [
      'writes are lost',
      7,
      'does not say what was written',
      (machine) =>
        failing(
          machine,
          'UMOUNT',
          '/usr/bin/find "$1" -name networks.conf -size +0 -exec /usr/bin/truncate -s 5 {} +; exec REAL "$@"',
        ),
    ],
    [
      'it cannot be renamed',
      7,
      'cannot be put in its place',
      (machine) => failing(machine, 'MV', 'case $3 in */site.img) exit 1 ;; esac; exec REAL "$@"'),
    ],
    [
      'the module is missing',
      4,
      'run "kldload msdosfs"',
      (machine) => failing(machine, 'MOUNT_MSDOSFS', 'exit 1'),
    ],
  ])('because %s, the old one stays whole', (_, code, words, fault) => {
    const { machine, before } = withOne();
    fault(machine);
    const answer = site(machine, 'staple of batteries', 'add', 'other');
    expect([answer.code, answer.said]).toEqual([code, expect.stringContaining(words)]);
    expect(dataOf(machine)).toEqual(before);
    machine.environment = {};
    machine.put('free-kilobytes', '5000000\n');
    siteOk(machine, 'staple of batteries', 'add', 'other');
    expect(networksOf(machine)).toContain('"other"');
    expectTidy(machine, ['battery staple', 'staple of batteries']);
  });

  it('leaves a damaged disk alone', () => {
    const { machine } = withOne();
    writeFileSync(siteImage(machine), Buffer.alloc(1024 * 1024, 0x55));
    machine.put('modules', `${machine.get('modules')}msdosfs\n`);
    const before = dataOf(machine);
    for (const args of [['list'], ['add', 'x', '--open'], ['remove', 'home'], ['init']]) {
      const answer = site(machine, null, ...args);
      expect([answer.code, answer.said]).toEqual([
        7,
        expect.stringContaining('move it away and begin with an empty one'),
      ]);
      expect(dataOf(machine)).toEqual(before);
    }
    expectTidy(machine);
  });

  it("does not touch a disk that somebody else has mounted, not even the site's", () => {
    const { machine } = withOne();
    const unit = machine
      .play('mdconfig', '-a', '-t', 'vnode', '-o', 'readonly', '-f', siteImage(machine))
      .trim();
    siteOk(machine, 'staple of batteries', 'add', 'other');
    expect(machine.play('mdconfig', '-l', '-v')).toContain(unit);
    machine.play('mdconfig', '-d', '-u', unit);
    expectTidy(machine);
  });
});

describe('when vm_site is stopped', () => {
  const started = (machine: Machine) => {
    const [shell = '', ...before] = machine.shell;
    const child = spawn(shell, [...before, resolve(machine.bundle, 'vm_site'), 'add', 'home', '--open'], {
      env: machine.variables(),
      stdio: 'ignore',
      detached: true,
    });
    return { pid: child.pid ?? 0, ended: once(child, 'exit') };
  };

  // Every command that leaves something behind; the sweep over all calls is elsewhere.
  it.each(['MDCONFIG', 'MOUNT_MSDOSFS', 'CP', 'UMOUNT', 'MV', 'NEWFS_MSDOS', 'SSH_KEYGEN'])(
    '^C while %s runs: nothing is left, and the next one works',
    async (name) => {
      const machine = new Machine();
      siteOk(machine, null, 'add', 'before', '--open');
      const slow = join(machine.root, `slow-${name}`);
      // It does its work, and then takes its time.
      writeFileSync(
        slow,
        `#!/bin/sh\n${machine.variables()[name] ?? ''} "$@"\ns=$?\ncase $0:$1 in *MDCONFIG:-l)  false ;; esac && { echo 1 >>${machine.state}/hangs; /bin/sleep 30; }\nexit $s\n`,
        { mode: 0o755 },
      );
      machine.environment[name] = slow;
      const { pid, ended } = started(machine);
      await machine.exists('hangs');
      machine.environment = {};
      kill(-pid, 'SIGINT');
      // What cleans up afterwards is slow as well.
      const stop = setInterval(() => killSleepers(machine), 20);
      expect((await ended)[0]).toBe(130);
      clearInterval(stop);
      expectTidy(machine);
      siteOk(machine, null, 'add', 'after', '--open');
      expect(networksOf(machine)).toContain('"before"');
      expect(networksOf(machine)).toContain('"after"');
      expectTidy(machine);
    },
  );

  it.each(['SIGHUP', 'SIGTERM'] as const)(
    '%s ends it as soon as the command in hand has ended',
    async (signal) => {
      const machine = new Machine();
      machine.environment.NEWFS_MSDOS = join(machine.root, 'slow');
      writeFileSync(
        machine.environment.NEWFS_MSDOS,
        `#!/bin/sh\necho 1 >${machine.state}/hangs; /bin/sleep 1\n`,
        { mode: 0o755 },
      );
      const { pid, ended } = started(machine);
      await machine.exists('hangs');
      kill(pid, signal);
      expect((await ended)[0]).toBe(130);
      expectTidy(machine);
    },
  );

  it('kill -9 with the new disk mounted: the next one cleans up', async () => {
    const machine = new Machine();
    siteOk(machine, null, 'add', 'before', '--open');
    machine.environment.CP = join(machine.root, 'slow');
    writeFileSync(
      machine.environment.CP,
      `#!/bin/sh\ncase "$*" in *run/airhive*/site/) echo 1 >${machine.state}/hangs; /bin/sleep 30 ;; *) exec /bin/cp "$@" ;; esac\n`,
      { mode: 0o755 },
    );
    const { pid, ended } = started(machine);
    await machine.exists('hangs');
    kill(-pid, 'SIGKILL');
    await ended;
    expect(machine.get('mounts')).not.toBe('');
    expect(readdirSync(join(machine.state, 'md'))).not.toEqual([]);
    machine.environment = {};
    expect(siteOk(machine, null, 'list')).toContain('"before"');
    expectTidy(machine);
  });
});

function killSleepers(machine: Machine): void {
  for (const pid of machine.processes()) if (commandOf(pid) === '/bin/sleep\x0030\0') kill(pid, 'SIGKILL');
}
