import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { View } from '../../generators/plan/render.ts';
import { Machine, pathOf } from './machine.ts';
import { online } from './status-bench.ts';

/** They ask, on a terminal. */
const ASKING = /vm_install (apply|remove|rollback)$|(vm_|airhivectl )native /;

/** Runs a line as root's shell would, in a folder; the paths of FreeBSD are those of the machine. */
export async function typedOn(
  machine: Machine,
  command: string,
  folder: string,
): Promise<[code: number, said: string]> {
  const line = command
    .replaceAll(/(?<![\w.])\/(?=(?:var|etc|boot|usr\/local|mnt)\b)/g, `${machine.root}/`)
    .replace(/--html FILE$/, `--html ${machine.root}/tmp/page.html`)
    .replace(/ FILE$/, ` ${machine.root}/tmp/key.pub`);
  const file = join(machine.root, 'tmp/line');
  writeFileSync(
    file,
    `PATH=${machine.root}/bin:${machine.local}/sbin:/usr/bin:/bin\ncd '${folder}' || exit 99\n${line}\n`,
  );
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

/** A laptop before airhive, with FreeBSD's own programs where a shell finds them. */
export function typingLaptop(view: View, folder?: string): Machine {
  const machine = new Machine({ host: 'laptop', view, ...(folder === undefined ? {} : { folder }) });
  execFileSync('mkfifo', [join(machine.dev, 'nmdm-airhive.1B')]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(machine.root, 'tmp/key')]);
  writeFileSync(join(machine.var, 'log/messages'), 'Nov 23 10:00:00 thinkpad airhive[1]: a line\n');
  machine.put('dmesg', `${machine.get('dmesg')}pci0:4:0: Transactions pending after FLR!\n`);
  return machine;
}

/** A guest in a network that answers what vm_status, vm_wifi and vm_site ask. */
export function furnish(machine: Machine): void {
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
