import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GuestRoom } from '../fixtures/guest-room.ts';
import { Machine } from './machine.ts';
import { expectTidy, guestRuns, siteFiles, siteImage, siteOk } from './site-bench.ts';

const COMMAND = '/usr/libexec/airhive/site-import --stdin';

/** ssh to a room that plays the guest. It notes its arguments. */
function toRoom(machine: Machine, room: GuestRoom): void {
  guestRuns(
    machine,
    `printf '%s\\n' "$@" >"$STATE/ssh-arguments"
ROOM=${room.folder} TOOLS=$PATH PATH=${room.folder}/bin exec busybox sh ${room.folder}/usr/libexec/airhive/site-import --stdin`,
  );
}

describe('a running guest', () => {
  it('has every change at once, and the same at its next start from the disk', () => {
    const machine = new Machine();
    const room = new GuestRoom();
    toRoom(machine, room);
    expect(siteOk(machine, 'battery staple', 'add', 'home')).toMatch(
      /vm_site: the running guest has taken it\n$/,
    );
    expect(room.site()).toEqual(siteFiles(machine));
    expect(room.read('services')).toBe('--quiet airhive-wifi restart\n');
    siteOk(machine, null, 'remove', 'home');
    siteOk(machine, null, 'add', 'other', '--open');
    expect(room.site()).toEqual(siteFiles(machine));
    room.insert(readFileSync(siteImage(machine)));
    room.restart();
    expect(room.import()).toMatchObject({ status: 0, stderr: '' });
    expect(room.site()).toEqual(siteFiles(machine));
    expectTidy(machine, ['battery staple']);
    expect(room.read('said')).not.toContain('battery');
  });

  it('is called with our key, its pinned key, and nothing of the user', () => {
    const machine = new Machine();
    toRoom(machine, new GuestRoom());
    siteOk(machine, null, 'init');
    const args = machine.get('ssh-arguments').split('\n').slice(0, -1);
    const data = machine.data;
    expect(args.slice(-3)).toEqual(['root@172.24.1.1', ...COMMAND.split(' ')]);
    for (const option of [
      'BatchMode=yes',
      'ConnectTimeout=5',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${data}/keys/known_hosts`,
      'GlobalKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
    ])
      expect(args).toContain(option);
    expect(args).toContain(`${data}/keys/admin`);
    expect(machine.get('ssh-arguments')).not.toContain('\x1b');
  });

  it.each([
    [
      'cannot be reached',
      'cat >/dev/null; printf "ssh: connect to host 172.24.1.1: No route to host\\r\\n" >&2; exit 255',
      'ssh: connect to host 172.24.1.1: No route to host',
    ],
    [
      'does not know our key',
      'echo "root@172.24.1.1: Permission denied (publickey)." >&2; exit 255',
      'root@172.24.1.1: Permission denied (publickey).',
    ],
    [
      'refuses what is sent',
      'cat >/dev/null; echo "refused: the archive is truncated"; exit 1',
      'refused: the archive is truncated',
    ],
    ['is of an older bundle, and reads its old disk', 'cat >/dev/null', 'no answer'],
    ['says what a terminal obeys', 'cat >/dev/null; printf "\\033[2Jtaken\\n"', '[2Jtaken'],
  ])('that %s takes it at its next start, and that is said in one line', (_, ssh, reason) => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    guestRuns(machine, ssh);
    expect(siteOk(machine, 'battery staple', 'add', 'home')).toBe(
      'vm_site: "home" is saved\n' +
        `vm_site: the running guest could not be told (${reason}); it takes this at its next start: service airhive restart\n`,
    );
    expect(siteFiles(machine)['networks.conf']).toContain('battery staple');
  });

  it('is not bothered when nothing has changed', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    guestRuns(machine, 'echo called >>"$STATE/ssh-arguments"');
    siteOk(machine, null, 'init');
    siteOk(machine, null, 'list');
    expect(machine.get('ssh-arguments')).toBe('');
  });

  it('reads what was written before it, with its own site-import', () => {
    const machine = new Machine();
    siteOk(machine, 'battery staple', 'add', 'home');
    const room = new GuestRoom();
    room.insert(readFileSync(siteImage(machine)));
    expect(room.import()).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(room.site()).toEqual(siteFiles(machine));
    const admin = readFileSync(join(machine.data, 'keys/admin.pub'), 'utf8');
    expect(room.read('run/airhive/keys/root')).toBe(`${admin.split(' ').slice(0, 2).join(' ')}\n`);
    writeFileSync(join(room.folder, 'disk'), '');
  });
});
