import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inject } from 'vitest';
import type { ResolvedProfile } from '../../generators/profile/resolve.ts';
import { guestTree } from '../fixtures/machines.ts';
import { VARIANTS } from '../fixtures/profiles.ts';
import { freshFolder, run } from '../fixtures/scratch.ts';

const SERVERS = new URL('servers.js', import.meta.url).pathname;

/**
 * Everything in namespaces of its own, which end with it: network, processes, mounts, name. A cable eth0, the servers, and
 * the guest's root, in RAM as the initramfs makes it (there apk refuses what it adds elsewhere), whose /dev has nothing of
 * this machine's but what gives and takes bytes. What the guest has written is copied back. The vdisk cannot be written.
 */
const ENTER = `set -e
room=$1 mirror=$2 node=$3 servers=$4 code=$5 ipv6=$6 hostile=$7 script=$8
ip link set lo up
# Which questions musl asks depends on it.
[ -n "$ipv6" ] || echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
ip link add eth0 type veth peer name host && ip link set host up
mount -t tmpfs tmpfs /mnt && cp -a "$room/." /mnt && cd /mnt
mount -t proc proc proc
[ ! -d media/vda ] || { mount --bind media/vda media/vda && mount -o remount,bind,ro media/vda; }
mkdir -p mirror && mount --bind "$mirror" mirror
for name in null zero random urandom; do : >>dev/$name; mount --bind /dev/$name dev/$name; done
rm -f "$mirror/ready"
"$node" "$servers" "$mirror" "$code" "$hostile" >/dev/null &
until [ -e "$mirror/ready" ]; do sleep 0.05; done
set +e
chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root /bin/sh -c "$script"
cp -a etc run sys var "$room/"`;

/** What OpenRC would have started before ours; it is not to set this machine's clock. */
const BOOTED = `mkdir -p /run/openrc/started /run/sshd && echo boot >/run/openrc/softlevel
rc-update -u >/dev/null
for service in /etc/init.d/*; do
  case $service in */airhive-* | */sshd) ;; *) ln -s "$service" /run/openrc/started/ ;; esac
done
ifup -a
/usr/libexec/airhive/state-disk
: >/run/airhive/lease
log=/var/lib/airhive/log/airhive.log
# wait_for WORDS: in the guest's log, for a minute at most.
wait_for() {
  for _ in $(seq 600); do
    ! grep -q "$1" $log || return 0
    sleep 0.1
  done
  echo "not said: $1"
}
# Of the real parts: what is installed, answers, and is not.
report() {
  echo "packages: $(apk info -e dnsmasq dnsmasq-openrc iptables iptables-openrc | tr '\\n' ' ')"
  echo "forwarding: $(cat /proc/sys/net/ipv4/ip_forward)"
  echo "rules: $(iptables-save 2>/dev/null | grep -c '^-A')"
  echo "dns: $(nslookup -type=a airhive 172.24.1.1 2>/dev/null | sed -n 's/^Address: //p')"
}
`;

/** A repository's file of this name and any version. */
function packageIn(repository: string, name: string): string {
  const [file] = run('find', [join(repository, 'x86_64'), '-name', `${name}-[0-9]*.apk`])
    .toString()
    .split('\n');
  return file!;
}

export interface RoomOptions {
  /** The repository that the mirror has. */
  readonly repository?: string;
  readonly profile?: ResolvedProfile;
  /** What the network's DNS server answers to questions for IPv6 addresses; without it there is no such server. */
  readonly code?: number;
  readonly mirrors?: string;
  /** How many packets a hostile DHCP server sends before each that can be used; without it there is no such server. */
  readonly hostile?: number;
}

/** A guest without a kernel of its own: Alpine's standard ISO as installed by its init, with our overlay over it. */
export class Room {
  readonly directory = freshFolder();
  readonly mirror = freshFolder();
  private readonly code: string;
  private readonly ipv6: string;
  private readonly hostile: string;

  constructor({
    profile = VARIANTS.intel8260!,
    code,
    hostile,
    mirrors = 'http://127.0.0.1:8080',
    repository,
  }: RoomOptions = {}) {
    const { installed, standard, mirror } = inject('parts');
    this.code = code === undefined ? '' : String(code);
    this.hostile = hostile === undefined ? '' : String(hostile);
    this.ipv6 = profile.network.ipv6 === null ? '' : 'yes';
    run('cp', ['-a', `${installed}/.`, this.directory]);
    for (const entry of guestTree(profile)) {
      const path = join(this.directory, entry.path);
      mkdirSync(entry.type === 'directory' ? path : dirname(path), { recursive: true });
      if (entry.type === 'directory') continue;
      rmSync(path, { force: true });
      if (entry.type === 'symlink') symlinkSync(entry.target, path);
      else writeFileSync(path, entry.bytes);
      if (entry.type === 'file') chmodSync(path, entry.mode);
    }
    this.edit('etc/airhive/airhive.conf', (text) => text.replace(/^MIRRORS=.*$/m, `MIRRORS='${mirrors}'`));
    if (code !== undefined) this.write('etc/resolv.conf', 'nameserver 127.0.0.53\n');
    cpSync(standard, join(this.directory, 'media/sr0/apks'), { recursive: true });
    cpSync(repository ?? mirror, join(this.mirror, 'v3.24/main'), { recursive: true });
  }

  /** Has the state disk of another: the same guest at its next start. */
  keep(other: Room): void {
    const state = 'var/lib/airhive';
    cpSync(join(other.directory, state), join(this.directory, state), {
      recursive: true,
      preserveTimestamps: true,
    });
    rmSync(join(this.directory, state, 'log'), { recursive: true });
  }

  /** Of the mirror: its file of this name and any version. */
  package(name: string): string {
    return packageIn(join(this.mirror, 'v3.24/main'), name);
  }

  /** Has a vdisk with these packages of a repository; returns their directory. */
  bring(names: readonly string[], repository = inject('parts').mirror): string {
    const apks = join(this.directory, 'media/vda/apks');
    mkdirSync(apks, { recursive: true });
    writeFileSync(join(apks, '../airhive.apkovl.tar.gz'), '');
    for (const name of names)
      cpSync(packageIn(repository, name), join(apks, basename(packageIn(repository, name))));
    return apks;
  }

  /** What the mirror was asked for. */
  get requests(): string[] {
    const file = join(this.mirror, 'requests');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  read(path: string): string {
    const file = join(this.directory, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  edit(path: string, change: (text: string) => string): void {
    this.write(path, change(this.read(path)));
  }

  /** Runs a shell script in there, after the boot's first half unless `bare`. Returns what it printed, errors too. */
  run(script: string, bare = false): string {
    const words = [
      '--mount',
      '--net',
      '--pid',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      ENTER,
      'sh',
    ];
    const text = bare ? script : `exec 2>&1\n${BOOTED}${script}`;
    const { stdout, stderr, error } = spawnSync(
      'unshare',
      [
        ...words,
        this.directory,
        this.mirror,
        process.execPath,
        SERVERS,
        this.code,
        this.ipv6,
        this.hostile,
        text,
      ],
      { encoding: 'utf8', timeout: 110_000, killSignal: 'SIGKILL' },
    );
    if (error) throw error;
    return stdout + stderr;
  }

  /** The guest's log without its dates. */
  get said(): string[] {
    return this.read('var/lib/airhive/log/airhive.log')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/^\S+ /, ''));
  }
}
