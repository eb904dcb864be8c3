import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../fixtures/machines.ts';
import { canUnshare } from '../fixtures/namespaces.ts';
import { VARIANTS } from '../fixtures/profiles.ts';
import { freshFile, freshFolder, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const configs = (path: string) =>
  Object.entries(VARIANTS).map(([name, profile]) => [name, textAt(guestTree(profile), path)] as const);

describe('dnsmasq', () => {
  it.skipIf(!hasTool('dnsmasq')).each(configs('etc/airhive/dnsmasq.conf'))(
    'takes the settings of %s (needs dnsmasq)',
    (_, text) => {
      run('dnsmasq', ['--test', '-C', freshFile(text, 'dnsmasq.conf')]);
    },
  );
});

describe('sshd', () => {
  const isReady = hasTool('sshd') && hasTool('ssh-keygen') && canUnshare('-m');
  const key = join(freshFolder(), 'key');
  if (isReady) run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);

  /** sshd wants a folder that only its service makes; it gets one in a /run of its own. */
  const sshd = (config: string, ...args: string[]) => {
    const text = config.replace(/^HostKey .*$/m, `HostKey ${key}`);
    const script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"';
    const file = freshFile(text, 'sshd_config');
    return run('unshare', ['-m', 'sh', '-c', script, 'sh', '/usr/sbin/sshd', ...args, '-f', file]).toString();
  };

  it.skipIf(!isReady).each(configs('etc/ssh/sshd_config'))(
    'takes the settings of %s (needs root, unshare and sshd)',
    (_, text) => {
      expect(text).toMatch(/^HostKey \/run\/airhive\/ssh_host_ed25519_key$/m);
      sshd(text, '-t');
    },
  );

  it.skipIf(!isReady)('understands them as design says (needs root, unshare and sshd)', () => {
    const [, text = ''] = configs('etc/ssh/sshd_config')[0] ?? [];
    const settings = sshd(text, '-T').split('\n');
    expect(settings).toEqual(
      expect.arrayContaining([
        'passwordauthentication no',
        'kbdinteractiveauthentication no',
        'permitrootlogin without-password',
        'allowtcpforwarding yes',
        'gatewayports yes',
        'x11forwarding no',
        'allowusers root',
        'allowusers tunnel',
        'authorizedkeysfile /run/airhive/keys/%u',
        'listenaddress 172.24.1.1:22',
      ]),
    );
    expect(settings.filter((setting) => setting.startsWith('listenaddress'))).toHaveLength(1);
  });
});

describe('wpa_supplicant', () => {
  it.skipIf(!hasTool('wpa_supplicant')).each(configs('etc/airhive/wpa_supplicant.conf'))(
    'takes the settings of %s (needs wpa_supplicant)',
    (_, text) => {
      const folder = freshFolder();
      mkdirSync(join(folder, 'control'));
      const file = join(folder, 'wpa_supplicant.conf');
      writeFileSync(file, text.replace(/^ctrl_interface=.*$/m, `ctrl_interface=${folder}/control`));
      // There is no such interface, so it ends as soon as it has read the file.
      const { stdout } = spawnSync('wpa_supplicant', ['-dd', '-D', 'wired', '-i', 'none0', '-c', file], {
        encoding: 'utf8',
      });
      expect(stdout).toContain('Reading configuration file');
      expect(stdout).toContain('Failed to initialize driver interface');
      expect(stdout).not.toMatch(/Line \d+|Failed to read or parse/);
    },
  );
});
