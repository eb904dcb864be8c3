import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, isForBuilding } from '../docs/documents.ts';
import { ELSEWHERE } from '../docs/elsewhere.ts';
import { CALL } from './call/program.ts';
import { kill, Machine, pathOf } from './machine.ts';
import { online } from './status-bench.ts';

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

/** vm_run stays in its terminal; a reboot is the machine's own. */
const ALONE = ['./vm_run', './vm_kill', 'shutdown -r now'];

/** They ask, on a terminal. */
const ASKING = /vm_install (apply|remove|rollback)$|vm_native /;

/** A command that ends with something else than 0 when all is well. */
const ENDS_WITH: Readonly<Record<string, number>> = {
  // The guest of the bench has nothing more to say.
  './vm_wifi watch': 5,
};

/** Runs a line as root's shell would, in a folder; the paths of FreeBSD are those of the machine. */
async function run(machine: Machine, command: string, folder: string): Promise<[code: number, said: string]> {
  const line = command
    .replaceAll(/(?<![\w.])\/(?=(?:var|etc|boot|usr\/local|mnt)\b)/g, `${machine.root}/`)
    .replace(/ FILE$/, ` ${machine.root}/tmp/key.pub`);
  const file = join(machine.root, 'tmp/line');
  writeFileSync(file, `PATH=${machine.root}/bin:/usr/bin:/bin\ncd '${folder}' || exit 99\n${line}\n`);
  const words = `${machine.shell.join(' ')} ${file}`;
  const [program, args] = ASKING.test(command)
    ? [pathOf('script'), ['-qec', words, '/dev/null']]
    : ['/bin/sh', ['-c', words]];
  const child = spawn(program, args, {
    env: { ...machine.variables(), SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
      if (said.endsWith('[y/N] ')) child.stdin.write('y\r');
    });
  child.stdin.on('error', () => undefined);
  if (!ASKING.test(command)) child.stdin.end('correct horse battery\n');
  const [code] = (await once(child, 'exit')) as [number];
  return [code, said];
}

async function works(machine: Machine, command: string, folder: string): Promise<void> {
  const [code, said] = await run(machine, command, folder);
  expect([command, code], said).toEqual([command, ENDS_WITH[command] ?? 0]);
}

/** A laptop before airhive, with FreeBSD's own programs where a shell finds them. */
function laptop(): Machine {
  const machine = new Machine({ host: 'laptop', view: VIEW });
  for (const name of ['cat', 'grep', 'head', 'ls', 'mv', 'sha256', 'tail']) {
    const link = join(machine.root, 'bin', name);
    if (!existsSync(link)) symlinkSync(CALL, link);
  }
  execFileSync('mkfifo', [join(machine.state, 'dev/nmdm-airhive.1B')]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(machine.root, 'tmp/key')]);
  writeFileSync(join(machine.var, 'log/messages'), 'Nov 23 10:00:00 thinkpad airhive[1]: a line\n');
  machine.put('dmesg', `${machine.get('dmesg')}pci0:4:0: Transactions pending after FLR!\n`);
  return machine;
}

/** A guest in a network that answers what vm_status, vm_wifi and vm_site ask. */
function furnish(machine: Machine): void {
  online(machine);
  const run = join(machine.state, 'guest/run');
  renameSync(run, `${run}-status`);
  const answers = [
    "*' scan') echo 'bss 02:00:00:00:01:00\t2412\t-30\t[WPA2-PSK-CCMP][ESS]\tHome' ;;",
    "*' join '*) cat >/dev/null; echo joined 192.168.1.7 kept ;;",
    "*' networks' | *' follow') ;;",
    '*--stdin*) cat >/dev/null; echo taken ;;',
    'sh) exec ./run-status "$1" ;;',
  ];
  writeFileSync(run, `#!/bin/sh\ncase $1 in\n${answers.join('\n')}\nesac\n`, { mode: 0o755 });
}

async function installed(): Promise<Machine> {
  const machine = laptop();
  for (const command of FIRST) await works(machine, command, machine.bundle);
  expect((await machine.reboot())?.code).toBe(0);
  furnish(machine);
  return machine;
}

describe('the commands of the documents', { timeout: TIME }, () => {
  it('that are for a machine with a guest work there, one after the other, up to the removal', async () => {
    const machine = await installed();
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
