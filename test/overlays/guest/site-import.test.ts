import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSite } from '../../../generators/plan/site.ts';
import { archiveOf, GuestRoom } from '../../fixtures/guest-room.ts';
import { freshFolder, run } from '../../fixtures/scratch.ts';
import { network } from '../../host/site-bench.ts';
import { hasTool } from '../../tools.ts';

const READY = ['busybox', 'ssh-keygen', 'mcopy', 'tar'].every(hasTool);

function newKeys(): { private: string; public: string } {
  const folder = freshFolder();
  run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, 'key')]);
  const text = (name: string) => run('cat', [join(folder, name)]).toString();
  return { private: text('key'), public: text('key.pub').trim() };
}

const admin = newKeys();
const host = newKeys();
const BLOCK = 'network={\n\tssid="home"\n\tpsk="correct horse"\n}\n';
const FILES = {
  'networks.conf': BLOCK,
  admin_keys: `${admin.public}\n`,
  tunnel_keys: `${host.public}\n`,
  ssh_host_ed25519_key: host.private,
};

/** A room in which the site disk has been read, with another network and another key than the archives have. */
function booted(): GuestRoom {
  const room = new GuestRoom();
  room.write('run/airhive/firewall-loaded', '');
  const secrets = {
    networks: [network({ ssid: Buffer.from('old'), passphrase: 'an old one' })],
    adminKeys: [host.public],
    tunnelKeys: [],
    hostKey: host.private,
  };
  room.insert(encodeSite(secrets, 0));
  expect(room.import()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  return room;
}

describe.skipIf(!READY)('what the host sends over ssh (needs busybox, ssh-keygen, mcopy, tar)', () => {
  it.each([
    ['ustar', ['--format', 'ustar']],
    ['pax', ['--format', 'pax']],
    ['GNU', ['--format', 'gnu']],
    ['without filling up', ['--format', 'ustar', '-b', '1']],
  ])('takes the place of what the disk said: %s', (_, options) => {
    const room = booted();
    expect(room.import(['--stdin'], archiveOf(FILES, options))).toMatchObject({ status: 0, stdout: 'taken\n' });
    expect(room.site()).toEqual(FILES);
    expect(room.read('run/airhive/keys/root')).toBe(`${admin.public}\n`);
    expect(room.read('run/airhive/keys/tunnel')).toContain(`permitlisten="2210"`);
    expect(room.read('run/airhive/ssh_host_ed25519_key')).toBe(host.private);
    expect(room.read('services')).toBe('--quiet airhive-wifi restart\n');
    expect(room.ram()).not.toContain('an old one');
  });

  it.each(['any', 'trusted'])('has no key of the tunnel until the rules are loaded: %s', (networks) => {
    const room = booted();
    const conf = 'etc/airhive/airhive.conf';
    room.write(conf, room.read(conf).replace(/^FIREWALL_ONLY=.*$/m, `FIREWALL_ONLY=${networks}`));
    expect(room.read(conf)).toContain(`FIREWALL_ONLY=${networks}`);
    // That there is a packet filter says nothing of its rules.
    rmSync(join(room.folder, 'run/airhive/firewall-loaded'));
    room.write('bin/iptables-restore', '#!/bin/sh\n');
    chmodSync(join(room.folder, 'bin/iptables-restore'), 0o755);
    expect(room.import(['--stdin'], archiveOf(FILES)).stdout).toBe('taken\n');
    expect(room.read('run/airhive/keys/tunnel')).toBe('');
    room.write('run/airhive/firewall-loaded', '');
    expect(room.import(['--keys'])).toMatchObject({ status: 0, stdout: '' });
    expect(room.read('run/airhive/keys/tunnel')).toContain(`permitlisten="2210"`);
  });

  it('has certificates and keys with it, byte for byte', () => {
    const room = booted();
    const files = { ...FILES, 'ca-0123456789abcdef.der': '0\r\n\0\r', 'key-0123456789abcdef.pem': 'k\r\n' };
    expect(room.import(['--stdin'], archiveOf(files)).stdout).toBe('taken\n');
    expect(room.site()).toEqual(files);
    expect(room.import(['--stdin'], archiveOf(FILES)).stdout).toBe('taken\n');
    expect(room.site()).toEqual(FILES);
  });

  it('stays when the disk is read again, until the next start', () => {
    const room = booted();
    const before = room.site();
    expect(room.import(['--stdin'], archiveOf(FILES)).stdout).toBe('taken\n');
    expect(room.import()).toMatchObject({ status: 0, stderr: '' });
    expect(room.site()).toEqual(FILES);
    expect(room.read('said')).toContain('has sent newer networks and keys');
    room.restart();
    expect(room.import()).toMatchObject({ status: 0, stderr: '' });
    expect(room.site()).toEqual(before);
  });

  it('leaves the Wi-Fi alone when only keys have changed, and ends lines as Unix does', () => {
    const room = booted();
    const networks = room.site()['networks.conf'] ?? '';
    const sent = { 'networks.conf': networks.replaceAll('\n', '\r\n'), admin_keys: `${admin.public}\r\n` };
    expect(room.import(['--stdin'], archiveOf(sent)).stdout).toBe('taken\n');
    expect(room.site()).toEqual({ 'networks.conf': networks, admin_keys: `${admin.public}\n` });
    expect(room.read('services')).toBe('');
  });

  const whole = READY ? archiveOf(FILES) : Buffer.alloc(0);
  it.each<[string, () => Uint8Array]>([
    ['nothing', () => Buffer.alloc(0)],
    ['zeros', () => Buffer.alloc(10240)],
    ['a text', () => Buffer.from(BLOCK)],
    ['an unknown name', () => archiveOf({ ...FILES, authorized_keys: 'x\n' })],
    ['a name with a folder', () => archiveOf({ ...FILES, 'etc/passwd': 'x\n' })],
    ['a certificate of another kind', () => archiveOf({ ...FILES, 'dh-0123456789abcdef.pem': 'x\n' })],
    ['a certificate with a name of its own', () => archiveOf({ ...FILES, 'ca-mine.pem': 'x\n' })],
    ['a certificate that is too large', () => archiveOf({ ...FILES, 'ca-0123456789abcdef.pem': '#'.repeat(65537) })],
    ['a name that begins with ./', () => archiveOf({ './admin_keys': admin.public })],
    ['a name with a space', () => archiveOf({ ...FILES, 'admin_keys x': 'x\n' })],
    ['one name twice', () => Buffer.concat([archiveOf(FILES, ['-b', '1']).subarray(0, -1024), archiveOf({ admin_keys: 'x\n' })])],
    ['no admin_keys', () => archiveOf({ 'networks.conf': BLOCK })],
    ['a file that is too large', () => archiveOf({ ...FILES, 'networks.conf': '#'.repeat(65537) })],
    ['far too much', () => archiveOf({ ...FILES, 'networks.conf': '#'.repeat(3_000_000) })],
    ['an archive cut in the middle', () => whole.subarray(0, 700)],
    ['an archive cut behind a file', () => whole.subarray(0, 1024)],
    ['an archive cut in its last block', () => whole.subarray(0, whole.findLastIndex((byte) => byte !== 0) + 1)],
    ['a damaged header', () => whole.map((byte, index) => (index === 3 ? byte ^ 1 : byte))],
  ])('changes nothing when it is %s', (_, archive) => {
    const room = booted();
    const before = room.ram();
    const answer = room.import(['--stdin'], archive());
    expect(answer).toMatchObject({ status: 1, stdout: expect.stringMatching(/^refused: [^\n]*\n$/) as string });
    expect(room.ram()).toBe(before);
    expect(room.read('services')).toBe('');
    expect(answer.stdout + answer.stderr + room.read('said')).not.toMatch(/horse|PRIVATE/);
  });

  it.each([
    ['a symbolic link', 's'],
    ['a hard link', 'h'],
    ['a folder', 'd'],
  ])('changes nothing when one of the names is %s', (_, kind) => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'networks.conf'), BLOCK);
    if (kind === 's') symlinkSync('/etc/passwd', join(folder, 'admin_keys'));
    else run('sh', ['-c', kind === 'h' ? 'ln networks.conf admin_keys' : 'mkdir admin_keys'], { cwd: folder });
    const archive = run('tar', ['-cf', '-', '-C', folder, 'networks.conf', 'admin_keys']);
    const room = booted();
    const before = room.site();
    expect(room.import(['--stdin'], archive).stdout).toMatch(/^refused: only these files/);
    expect(room.site()).toEqual(before);
  });
});

describe.skipIf(!READY)('a site disk that cannot be read (needs busybox, ssh-keygen, mcopy)', () => {
  const MISSING = 'there is no site disk, or it is damaged';
  const noKey = (why: string) => new RegExp(`^(-- )?no key may log in over ssh \\(${why}\\): only the console`, 'm');
  const zeros = Buffer.alloc(1_048_576);

  it.each([
    ['not there', undefined, MISSING],
    // Without a label no system finds it.
    ['all zeros', zeros, MISSING],
    ['one with a label that is no file system', Buffer.concat([Buffer.from('x'), zeros]), 'the site disk cannot be read'],
  ])('is %s: what the host may do is said, and not that it has no keys', (_, disk, why) => {
    const room = new GuestRoom();
    if (disk !== undefined) room.insert(disk);
    expect(room.import()).toMatchObject({ status: 0 });
    expect(room.read('said')).toMatch(noKey(why));
    expect(room.read('said')).toContain('vm_site list');
    expect(room.read('said')).not.toContain('has no admin_keys');
  });

  it('one without keys is told from a damaged one', () => {
    const room = new GuestRoom();
    room.insert(encodeSite({ networks: [], adminKeys: [], tunnelKeys: [], hostKey: host.private }, 0));
    expect(room.import()).toMatchObject({ status: 0 });
    expect(room.read('said')).toMatch(noKey('the site disk has no admin_keys'));
  });
});
