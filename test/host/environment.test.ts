import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { laptop } from './installing.ts';
import { Machine } from './machine.ts';

// What root's shell may have in its environment. It must mean nothing to the scripts.

/** Variables that change what FreeBSD's own tools print or read. */
const SPEECH: Readonly<Record<string, string>> = {
  IFCONFIG_FORMAT: 'ether:dash,inet:cidr',
  LIBXO_OPTIONS: 'json,pretty',
  BLOCKSIZE: '1G',
  COLUMNS: '20',
  GREP_OPTIONS: '--color=always',
  POSIXLY_CORRECT: '1',
  RC_CONFS: '/nonexistent/rc.conf',
  RC_DEFAULTS: '/nonexistent/defaults',
  UNAME_r: '12.4-RELEASE',
  UNAME_m: 'arm64',
  LANG: 'de_DE.ISO8859-1',
  CDPATH: '/tmp',
  ENV: '/nonexistent/shrc',
};

/** Everything that lib/common may take from the environment. */
const NAMES = [
  ...readFileSync(new URL('../../overlays/host/lib/common', import.meta.url), 'utf8').matchAll(
    /\$\{([A-Z0-9_]+):=/g,
  ),
].map(([, name = '']) => name);

describe("root's environment", () => {
  it.each(['laptop', 'ready'] as const)('changes nothing of what vm_install check says: %s', async (host) => {
    const plain = await new Machine({ host }).call('vm_install', 'check');
    const machine = new Machine({ host });
    machine.environment = SPEECH;
    const ended = await machine.call('vm_install', 'check');
    const words = (said: string): string => said.replaceAll(/\/[^ ]*airhive-host-\w+/g, '');
    expect(plain.code, plain.said).toBe(0);
    expect([ended.code, words(ended.said)]).toEqual([0, words(plain.said)]);
  });

  it.each(['inet:cidr', 'inet:dotted', 'addr:cidr', 'addr:default'])(
    'IFCONFIG_FORMAT=%s does not keep the guest from starting',
    async (format) => {
      const machine = new Machine();
      machine.environment = { IFCONFIG_FORMAT: format };
      const started = await machine.up();
      expect((await machine.call('vm_kill')).code).toBe(0);
      expect((await started.ended).code).toBe(0);
    },
  );

  it('does not lead sysrc to other files', async () => {
    const machine = laptop();
    machine.environment = { ...SPEECH, RC_CONFS: join(machine.root, 'other.conf') };
    expect((await machine.call('vm_install', 'apply', '--yes')).code).toBe(0);
    expect(readdirSync(machine.root)).not.toContain('other.conf');
    expect(readFileSync(join(machine.etc, 'rc.conf'), 'utf8')).toContain('airhive_enable="YES"');
  });

  // TIMEOUT is a variable that many have; so are ID, DEV and DATE.
  it('names no command, and no place of FreeBSD', () => {
    const { bundle } = new Machine();
    expect(NAMES.length).toBeGreaterThan(60);
    const mine = ['LOG_LIMIT', 'SSH_LIMIT', 'ANSWER_WITHIN'];
    const { stdout } = spawnSync(
      '/bin/sh',
      ['-c', 'HERE=$1; trap "set" EXIT; . "$HERE/lib/common"', 'sh', bundle],
      { env: Object.fromEntries([...NAMES, ...mine].map((name) => [name, '/planted'])), encoding: 'utf8' },
    );
    expect(stdout).toMatch(/^TIMEOUT='?\/usr\/bin\/timeout'?$/m);
    expect(stdout.split('\n').filter((line) => /^[A-Z0-9_]+='?\/planted/.test(line))).toEqual([]);
  });
});

// These tests run where there is no FreeBSD: without the stand-ins the scripts are on such a machine.
describe('on a machine that is not FreeBSD', () => {
  it('every command says just that', () => {
    const { bundle } = laptop();
    const scripts = readdirSync(bundle).filter((name) => name.startsWith('vm_'));
    expect(scripts.length).toBeGreaterThan(10);
    for (const script of [...scripts, 'lib/service', 'rc.d/airhive']) {
      for (const word of ['check', 'status', 'start']) {
        const { status, stdout, stderr } = spawnSync('/bin/sh', [join(bundle, script), word], {
          env: {},
          encoding: 'utf8',
        });
        expect([script, status, stdout]).toEqual([script, 4, '']);
        expect(stderr).toMatch(/^[^ ]+: this is not FreeBSD[^\n]*\n$/);
      }
    }
  });
});
