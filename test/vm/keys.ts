import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import type { CommandResult } from './command.ts';
import type { Host } from './host.ts';

export interface KeyPair {
  /** Path of the private key, mode 0600. */
  readonly path: string;
  readonly private: string;
  /** One line, without comment. */
  readonly public: string;
}

/** Makes an ed25519 key pair in a folder. */
export async function makeKeyPair(folder: string, name: string): Promise<KeyPair> {
  const path = join(folder, name);
  await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  const [secret, open] = await Promise.all([readFile(path, 'utf8'), readFile(`${path}.pub`, 'utf8')]);
  return { path, private: secret, public: open.trim() };
}

/** Arguments of ssh for a first, non-interactive contact from the host; put options and a destination behind them. */
export const sshArguments = (key: string): readonly string[] => [
  ...['-F', 'none', '-i', key, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
];

/** Runs a command in the guest over ssh from the host. */
export function sshExec(
  host: Host,
  key: KeyPair,
  user: string,
  command: string,
  seconds = 90,
): Promise<CommandResult> {
  const destination = `${user}@${host.addresses.guest}`;
  return host.exec('ssh', [...sshArguments(key.path), destination, command], { timeout: seconds });
}
