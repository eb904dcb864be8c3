import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, kill, Machine, pathOf, until } from './machine.ts';
import { provideKeys } from './service-bench.ts';

const GUEST = new URL('../../overlays/guest/', import.meta.url).pathname;

interface Guest {
  readonly machine: Machine;
  /** The guest's end of the tunnel. */
  readonly port: number;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/**
 * The guest's sshd, a real one with the guest's own settings, on a port of the loopback, and a host whose ssh is the
 * real one too. `tunnel` is the account that runs the test.
 */
async function realGuest(options: { permitted?: number } = {}): Promise<Guest> {
  const service = await echo();
  const port = await freePort();
  const sshPort = await freePort();
  const machine = new Machine({
    view: { guest: '127.0.0.1', reversePort: port, reverseTo: (service.address() as AddressInfo).port },
  });
  const data = machine.data;
  provideKeys(data);
  writeFileSync(join(data, 'keys/known_hosts'), `127.0.0.1 ${publicKey(data, 'guest_host')}`);
  mkdirSync(join(machine.state, 'guest'));
  machine.put('guest/address', '127.0.0.1\n');
  machine.put('guest-is-up', `${process.pid}\n`);
  machine.replace('ssh', `exec ${pathOf('ssh')} -p ${sshPort} -o User=${userInfo().username} "$@"`);

  const keys = join(machine.root, 'authorized_keys');
  writeFileSync(keys, tunnelOptions(options.permitted ?? port) + publicKey(data, 'tunnel'), { mode: 0o600 });
  const config = join(machine.root, 'sshd_config');
  writeFileSync(config, sshdConfig({ sshPort, key: join(data, 'keys/guest_host'), keys }));
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(pathOf('sshd'), ['-D', '-e', '-f', config], { stdio: 'ignore', detached: true });
    await until(() => child?.exitCode === null && listens(sshPort), 'sshd');
  };
  const stop = async (): Promise<void> => {
    if (child?.pid === undefined || !isAlive(child.pid)) return;
    // A session of its own for every connection, so a signal to the group would not reach them.
    for (const pid of familyOf(child.pid)) kill(pid, 'SIGKILL');
    await until(() => !listens(port) && !listens(sshPort), 'the end of sshd');
  };
  await start();
  onTestFinished(stop);
  return { machine, port, start, stop };
}

const publicKey = (data: string, name: string): string =>
  readFileSync(join(data, 'keys', `${name}.pub`), 'utf8');

/** The options that the guest's site-import puts before the tunnel's key. */
function tunnelOptions(port: number): string {
  const script = readFileSync(join(GUEST, 'usr/libexec/airhive/site-import'), 'utf8');
  const [, format = ''] = /printf '(restrict,[^']*)' "\$REVERSE_PORT"/.exec(script) ?? [];
  expect(format).toContain('permitlisten="%s"');
  return format.replace('%s', String(port));
}

function sshdConfig(at: { sshPort: number; key: string; keys: string }): string {
  const settings = readFileSync(join(GUEST, 'etc/ssh/sshd_config.mustache'), 'utf8')
    .replaceAll(/^\{\{[#/].*\n|^ListenAddress.*\n/gm, '')
    .replace(/^HostKey .*$/m, `HostKey ${at.key}`)
    .replace(/^AuthorizedKeysFile .*$/m, `AuthorizedKeysFile ${at.keys}`)
    .replace(/^AllowUsers .*$/m, `AllowUsers ${userInfo().username}`);
  return `Port ${at.sshPort}\nListenAddress 127.0.0.1\nPidFile none\nStrictModes no\n${settings}`;
}

/** What stands for the sshd of the host: it says who it is. */
async function echo(): Promise<Server> {
  const server = createServer((socket) => socket.end('the host\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A process and all that it started. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

/** The address that a port listens on, as the kernel writes it. */
function listener(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return RegExp(`^ *\\d+: ([0-9A-F]{8}):${hex} 00000000:0000 0A `, 'm').exec(
    readFileSync('/proc/net/tcp', 'latin1'),
  )?.[1];
}

const listens = (port: number): boolean => listener(port) !== undefined;

async function answer(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  for await (const bytes of socket) text += String(bytes);
  return text;
}

describe('vm_tunnel with the real OpenSSH', () => {
  it('opens the one port to all sides, reaches the host, and closes it again', async () => {
    const { machine, port } = await realGuest();
    const tunnel = machine.start('vm_tunnel');
    await until(() => listens(port), 'the port');
    expect(listener(port)).toBe('00000000');
    expect(await answer(port)).toBe('the host\n');
    kill(tunnel.pid, 'SIGTERM');
    expect(await tunnel.ended).toMatchObject({ code: 130, said: 'vm_tunnel: stopped by SIGTERM\n' });
    await until(() => !listens(port), 'the end of the port');
  });

  it('comes back after the sshd has gone and come again', async () => {
    const { machine, port, stop, start } = await realGuest();
    const tunnel = machine.start('vm_tunnel');
    await until(() => listens(port), 'the port');
    await stop();
    await until(() => machine.pauses().length > 1, 'the second attempt');
    await start();
    await until(() => listens(port), 'the port again');
    expect(await answer(port)).toBe('the host\n');
    kill(tunnel.pid, 'SIGTERM');
    expect((await tunnel.ended).said).toContain('trying again');
  });

  it('is refused another port than the key is for', async () => {
    const { machine, port } = await realGuest({ permitted: 2210 });
    const tunnel = machine.start('vm_tunnel');
    await until(() => machine.pauses().length > 1, 'two attempts');
    expect(listens(port)).toBe(false);
    kill(tunnel.pid, 'SIGTERM');
    expect((await tunnel.ended).said).toContain(`remote port forwarding failed for listen port ${port}`);
  });

  it('does not talk to a guest with another host key', async () => {
    const { machine, port } = await realGuest();
    const keys = join(machine.data, 'keys');
    writeFileSync(join(keys, 'known_hosts'), `127.0.0.1 ${readFileSync(join(keys, 'admin.pub'), 'utf8')}`);
    const tunnel = machine.start('vm_tunnel');
    await until(() => machine.pauses().length > 1, 'two attempts');
    expect(listens(port)).toBe(false);
    rmSync(join(keys, 'known_hosts'));
    kill(tunnel.pid, 'SIGTERM');
    expect((await tunnel.ended).said).toContain('Host key verification failed');
  });
});
