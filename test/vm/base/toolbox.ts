import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { programPath } from '../tools.ts';
import { addRadioModules } from './kernel.ts';
import { addRegulatory } from './media.ts';
import { addPrograms, Tree } from './tree.ts';

const PROGRAMS = [
  'ip',
  'tc',
  'iw',
  'avahi-daemon',
  'hostapd',
  'hostapd_cli',
  'wpa_supplicant',
  'wpa_cli',
  'dnsmasq',
  'tcpdump',
  'kmod',
  'xtables-nft-multi',
  'ssh',
];
const BIN = ['perl', 'iperf3', 'ping', 'nc.openbsd', 'ssh-keygen'];

/**
 * The bench's own disk: agent, servers, the tools of the access point's side, radio modules and the mirror's
 * packages under /srv. It shares nothing with the guest's files, so breaking the guest does not break the bench.
 */
export async function toolboxTree(source: string, kernel: string, mirror: Tree): Promise<Tree> {
  const tree = new Tree();
  for (const path of [
    'dev',
    'proc',
    'sys',
    'tmp',
    'root',
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
    'var/lib',
    'media',
  ]) {
    tree.directory(path);
  }
  tree
    .link('run', 'tmp')
    .link('var/run', '../tmp')
    .link('var/lib/misc', '../../tmp')
    .link('etc/resolv.conf', '/tmp/resolv.conf');
  for (const path of (await runCommand(programPath('busybox'), ['--list-full'])).split('\n')) {
    const name = path.replace(/.*\//, '');
    if (path !== '' && !['sh', 'ip', 'ping', 'nc', 'modprobe', 'tc'].includes(name))
      tree.link(path, '/bin/busybox');
  }
  await addPrograms(tree, { 'bin/busybox': 'busybox', 'bin/sh': 'dash' });
  await addPrograms(tree, Object.fromEntries(PROGRAMS.map((name) => [`usr/sbin/${name}`, name])));
  await addPrograms(tree, Object.fromEntries(BIN.map((name) => [`usr/bin/${name}`, name])));
  tree
    .link('usr/bin/nc', 'nc.openbsd')
    .link('sbin/modprobe', '/usr/sbin/kmod')
    .link('usr/sbin/iptables', 'xtables-nft-multi');
  await tree.folder('/usr/lib/x86_64-linux-gnu/perl-base', 'usr/lib/x86_64-linux-gnu/perl-base');
  tree.file(
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nsshd:x:22:22::/:/bin/false\navahi:x:86:86::/:/bin/false\n',
  );
  tree
    .file('etc/group', 'root:x:0:\nnogroup:x:65534:\navahi:x:86:\n')
    .file('etc/nsswitch.conf', 'hosts: files dns\n');
  tree.file('etc/services', 'http 80/tcp\n').file('etc/hosts', '127.0.0.1 localhost\n');
  await tree.folder(join(source, 'toolbox'));
  await addRadioModules(tree, kernel);
  await addRegulatory(tree, 'lib/firmware');
  for (const [path, entry] of mirror.entries) tree.entries.set(`srv/${path}`, entry);
  return tree;
}
