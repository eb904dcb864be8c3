import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { programPath } from '../tools.ts';
import { addPrograms } from './tree.ts';
import type { Tree } from './tree.ts';

/** Applets of Debian's busybox that Alpine's has not, or that are other programs there. */
const NOT_IN_ALPINE =
  'ar ascii busybox crc32 cttyhack devmem dpkg dpkg-deb dumpleases ed freeramdisk fsfreeze ftpget ftpput httpd ' +
  'i2cdetect i2cdump i2cget i2cset i2ctransfer ifdown ifup linuxrc logname lsscsi mim mke2fs mt nuke patch resume ' +
  'rpm rpm2cpio run-init sh ssl_client start-stop-daemon sulogin svc svok taskset tc telnet telnetd tftp ts ' +
  'ubirename udhcpd uevent uncompress w xz';

/**
 * Applets of Alpine's busybox that Debian's has not, from Debian's own programs. Those that would bring many libraries
 * (pgrep, pkill, mountpoint, install) are small scripts in base/packages/busybox.
 */
const FROM_DEBIAN = 'blkid flock nohup nice cksum comm split sum chattr lsattr printenv';

export async function addApplets(tree: Tree): Promise<void> {
  const skip = new Set([
    ...NOT_IN_ALPINE.split(' '),
    ...FROM_DEBIAN.split(' '),
    'udhcpc',
    'modprobe',
    'insmod',
    'rmmod',
    'lsmod',
  ]);
  for (const path of (await runCommand(programPath('busybox'), ['--list-full'])).split('\n')) {
    if (path !== '' && !skip.has(path.replace(/.*\//, ''))) tree.link(path, '/bin/busybox');
  }
  tree.link('bin/ash', '/bin/busybox').link('bin/busybox.static', '/bin/busybox');
  await addPrograms(
    tree,
    Object.fromEntries(FROM_DEBIAN.split(' ').map((name) => [`usr/bin/${name}`, name])),
  );
  tree.link('sbin/blkid', '/usr/bin/blkid').link('usr/libexec/udhcpc', '/bin/busybox');
  await addPrograms(tree, { 'bin/busybox': 'busybox', 'bin/sh': 'dash' });
}

export async function addOpenrc(tree: Tree): Promise<void> {
  const names = ['openrc', 'openrc-run', 'rc-service', 'rc-update', 'supervise-daemon', 'openrc-shutdown'];
  await addPrograms(tree, {
    ...Object.fromEntries(names.map((name) => [`sbin/${name}`, name])),
    'bin/rc-status': 'rc-status',
    'sbin/start-stop-daemon.dpkg': 'start-stop-daemon',
  });
  // Many of these are one program under several names: links stay links, or copies of it.
  await tree.folder('/lib/rc', 'lib/rc');
  tree.link('usr/libexec/rc', '/lib/rc').link('sbin/rc', 'openrc').link('sbin/runscript', 'openrc-run');
  // Debian's openrc also looks for LSB services; an empty file keeps it from complaining.
  tree
    .file('etc/insserv.conf', '')
    .directory('etc/insserv.conf.d')
    .directory('etc/insserv')
    .directory('etc/insserv/overrides');
  tree
    .file('etc/rc.conf', 'rc_parallel="NO"\nrc_tty_number=12\n')
    .directory('etc/conf.d')
    .directory('etc/runlevels');
  for (const level of ['sysinit', 'boot', 'default', 'nonetwork', 'shutdown'])
    tree.directory(`etc/runlevels/${level}`);
}

export function addLayout(tree: Tree): void {
  const folders =
    'bin dev etc/apk/keys etc/network etc/sysctl.d etc/modules-load.d etc/local.d home lib media mnt opt proc run ' +
    'sbin srv sys usr/bin usr/sbin usr/lib usr/libexec var/cache/apk var/empty var/lib var/lock var/log var/spool';
  for (const path of folders.split(' ')) tree.directory(path);
  tree
    .directory('root', 0o700)
    .directory('tmp', 0o1777)
    .directory('var/tmp', 0o1777)
    .link('var/run', '../run');
}

const XTABLES = '/usr/lib/x86_64-linux-gnu/xtables';

export async function addXtables(tree: Tree): Promise<void> {
  for (const name of readdirSync(XTABLES)) await tree.copy(join(XTABLES, name));
  for (const family of ['iptables', 'ip6tables']) {
    for (const suffix of ['', '-restore', '-save'])
      tree.link(`usr/sbin/${family}${suffix}`, 'xtables-nft-multi');
  }
}

export async function addIfupdown(tree: Tree): Promise<void> {
  for (const name of ['ifup', 'ifdown', 'ifquery', 'ifctrstat']) tree.link(`sbin/${name}`, 'ifupdown');
  await tree.folder('/usr/libexec/ifupdown-ng', 'usr/libexec/ifupdown-ng');
  await tree.copy('/etc/network/ifupdown-ng.conf');
}
