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
  const REPLACED = ['mdconfig', 'newfs_msdos', 'umount', 'mv', 'mount_msdosfs'];

  it.each<[string, number, string, (machine: Machine) => void]>([
    ['is full', 7, '4 MB are needed, 3 MB are free', (machine) => machine.put('free-kilobytes', '4095\n')],
    [
      'is full up to the reserve',
      7,
      ', 0 MB are free',
      (machine) => machine.put('free-kilobytes', '-6144\n'),
    ],
    [
      'md is refused',
      4,
      'cannot be used as a disk',
      (machine) => machine.replace('mdconfig', 'case $1 in -a) exit 1 ;; esac; exec REAL "$@"'),
    ],
    ['newfs fails', 7, 'data/site.img is as it was', (machine) => machine.replace('newfs_msdos', 'exit 1')],
    [
      'writes are lost',
      7,
      'does not say what was written',
      (machine) =>
        machine.replace(
          'umount',
          '/usr/bin/find "$1" -name networks.conf -size +0 -exec /usr/bin/truncate -s 5 {} +; exec REAL "$@"',
        ),
    ],
    [
      'it cannot be renamed',
      7,
      'cannot be put in its place',
      (machine) => machine.replace('mv', 'case $3 in */site.img) exit 1 ;; esac; exec REAL "$@"'),
    ],
    [
      'the module is missing',
      4,
      'run "kldload msdosfs"',
      (machine) => machine.replace('mount_msdosfs', 'exit 1'),
    ],
  ])('because %s, the old one stays whole', (_, code, words, fault) => {
    const { machine, before } = withOne();
    fault(machine);
    const answer = site(machine, 'staple of batteries', 'add', 'other');
    expect([answer.code, answer.said]).toEqual([code, expect.stringContaining(words)]);
    expect(dataOf(machine)).toEqual(before);
    for (const command of REPLACED) machine.putBack(command);
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
  it.each(['mdconfig', 'mount_msdosfs', 'cp', 'umount', 'mv', 'newfs_msdos', 'ssh-keygen'])(
    '^C while %s runs: nothing is left, and the next one works',
    async (name) => {
      const machine = new Machine();
      siteOk(machine, null, 'add', 'before', '--open');
      // It does its work, and then takes its time.
      machine.replace(
        name,
        `REAL "$@"\ns=$?\ncase $0:$1 in *mdconfig:-l)  false ;; esac && { echo 1 >>${machine.state}/hangs; /bin/sleep 30; }\nexit $s`,
      );
      const { pid, ended } = started(machine);
      await machine.exists('hangs');
      machine.putBack(name);
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
      machine.replace('newfs_msdos', `echo 1 >${machine.state}/hangs; /bin/sleep 1`);
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
    machine.replace(
      'cp',
      `case "$*" in *run/airhive*/site/) echo 1 >${machine.state}/hangs; /bin/sleep 30 ;; *) exec /bin/cp "$@" ;; esac`,
    );
    const { pid, ended } = started(machine);
    await machine.exists('hangs');
    kill(-pid, 'SIGKILL');
    await ended;
    expect(machine.get('mounts')).not.toBe('');
    expect(readdirSync(join(machine.state, 'md'))).not.toEqual([]);
    machine.putBack('cp');
    expect(siteOk(machine, null, 'list')).toContain('"before"');
    expectTidy(machine);
  });
});

function killSleepers(machine: Machine): void {
  for (const pid of machine.processes()) if (commandOf(pid) === '/bin/sleep\x0030\0') kill(pid, 'SIGKILL');
}
