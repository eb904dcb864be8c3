import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { View } from '../../generators/plan/render.ts';
import { Machine } from './machine.ts';
import { provideKeys, withTunnel } from './service-bench.ts';

/** What wpa_supplicant 2.11 prints; the SSID is "Café \u001b[31m". */
export const WPA = `bssid=00:11:22:33:44:55
freq=5180
ssid=Caf\\xc3\\xa9 \\e[31m"x"
id=0
mode=station
pairwise_cipher=CCMP
group_cipher=CCMP
key_mgmt=WPA2-PSK
wpa_state=COMPLETED
ip_address=192.168.1.23
`;
const SIGNAL = 'RSSI=-61\nLINKSPEED=433\nNOISE=9999\nFREQUENCY=5180\nWIDTH=80 MHz\n';
const ADDRESS =
  '3: wlan0    inet 192.168.1.23/24 brd 192.168.1.255 scope global wlan0\\       valid_lft forever preferred_lft forever\n';

/** What `uname -srv` prints in Alpine 3.23.6, whose kernel was built on that day. */
const KERNEL = 'Linux 6.18.56-0-virt #1-Alpine SMP PREEMPT_DYNAMIC 2026-10-12 12:54:18\n';
/** The parts that count of three entries of apk's database. */
const INSTALLED = `C:Q1abc=
P:wpa_supplicant
V:2.11-r3
A:x86_64
t:1790000000
c:0123

C:Q1def=
P:openssh-server-common
V:10.2_p1-r0
t:1700000000

P:openssh-server
V:10.2_p1-r0
t:1795000000
`;

/** Puts files and commands into the guest and lets its sshd run the shell in there. */
function furnish(machine: Machine, files: Record<string, string>): void {
  const root = join(machine.state, 'guest-files');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  }
  const inside = `sed "s#\\([ \\"']\\|^\\)/\\(etc\\|lib/apk\\|proc\\|run\\|sys\\|usr/libexec\\)/#\\1${root}/\\2/#g"`;
  const shell = `#!/bin/sh\nPATH=${root}/bin:/usr/bin:/bin\n[ "$1" = sh ] || exit 127\n${inside} | dash\n`;
  writeFileSync(join(machine.state, 'guest/run'), shell, { mode: 0o755 });
}

/** A command that prints this, whatever it is asked. */
export const prints = (text: string): string => `#!/bin/sh\ncat <<'END'\n${text}END\n`;

/** A guest in a network, with its tunnel open; `changes` are other files than it would have. */
export function online(machine: Machine, changes: Record<string, string> = {}): void {
  furnish(machine, {
    'etc/airhive/airhive.conf': "WLAN='wlan0'\nREVERSE_PORT='2210'\n",
    'sys/class/net/wlan0': '',
    'proc/sys/net/ipv4/ip_forward': '1\n',
    'bin/wpa_cli': `#!/bin/sh\ncase $3 in\nstatus) cat "\${0%/*}/status" ;;\nsignal_poll) cat "\${0%/*}/signal" ;;\nesac\n`,
    'bin/status': WPA,
    'bin/signal': SIGNAL,
    'bin/ip': prints(ADDRESS),
    'bin/netstat': prints('tcp        0      0 0.0.0.0:2210            0.0.0.0:*               LISTEN\n'),
    'bin/uname': prints(KERNEL),
    'lib/apk/db/installed': INSTALLED,
    'usr/libexec/airhive/card': prints('ok\n'),
    'usr/libexec/airhive/way': prints('online\n'),
    'run/airhive/said/wifi': 'connected to "Caf\\xc3\\xa9"',
    ...changes,
  });
}

/** A machine whose guest is an access point with these clients, in the words of wifi-control. */
export async function accessPoint(
  view: View,
  clients: string,
  changes: Record<string, string> = {},
): Promise<Machine> {
  const machine = new Machine({ view });
  provideKeys(machine.data);
  machine.put('routes', 'default 192.168.7.1 em0\n');
  await machine.up();
  online(machine, {
    'bin/wpa_cli': '#!/bin/sh\nexit 1\n',
    'run/airhive/access-point': '',
    'usr/libexec/airhive/wifi-control': prints(clients),
    ...changes,
  });
  return machine;
}

interface Result {
  readonly code: number | null;
  readonly said: string;
  readonly rows: Record<string, string>;
}

/** A machine with a guest and its tunnel, and its vm_status. */
export async function running(): Promise<{
  machine: Machine;
  status: (...words: string[]) => Promise<Result>;
}> {
  const { machine, service } = withTunnel();
  await service('start');
  await machine.exists('tunnel');
  return { machine, status: async (...words) => statusOf(machine, ...words) };
}

/** Calls vm_status; `rows` are the lines of its screen by their first word. */
export async function statusOf(machine: Machine, ...words: string[]): Promise<Result> {
  const { code, said } = await machine.call(join(machine.directory, 'current/vm_status'), ...words);
  const rows = said
    .split('\n')
    .map((line) => /^(\S+) +(.*)$/.exec(line))
    .filter((row) => row !== null);
  return { code, said, rows: Object.fromEntries(rows.map(([, name = '', text = '']) => [name, text])) };
}
