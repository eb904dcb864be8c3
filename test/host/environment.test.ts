import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { laptop } from './installing.ts';
import { Machine, type Ended } from './machine.ts';

// What root's shell may have in its environment. It must mean nothing to the scripts.

/** Variables that change what FreeBSD's own tools print or read. */
const SPEECH: Readonly<Record<string, string>> = {
  IFCONFIG_FORMAT: 'ether:dash,inet:cidr',
  LIBXO_OPTIONS: 'json,pretty',
  BLOCKSIZE: '1G',
  COLUMNS: '20',
  GREP_OPTIONS: '--color=always',
  POSIXLY_CORRECT: '1',
  SSH_ASKPASS: '/nonexistent',
  SSH_ASKPASS_REQUIRE: 'force',
  debug: '1',
  RC_CONFS: '/nonexistent/rc.conf',
  RC_DEFAULTS: '/nonexistent/defaults',
  UNAME_r: '12.4-RELEASE',
  UNAME_m: 'arm64',
  LANG: 'de_DE.ISO8859-1',
  CDPATH: '/tmp',
  ENV: '/nonexistent/shrc',
};

/** Variables that many people have, and that name something else in a script (see lib/common). */
const COMMON: Readonly<Record<string, string>> = {
  TIMEOUT: '30',
  ID: 'freebsd',
  DEV: '/root/dev',
  ETC: '/nonexistent',
  SERVICE: 'web',
  SH: '/usr/local/bin/bash',
  TMPDIR: '/nonexistent',
  SSH_LIMIT: '1',
  LOG_LIMIT: '1',
};

/** Every variable that a script of the bundle reads, but for those that are meant for it or are the bench's. */
function namesIn(bundle: string): string[] {
  const scripts = (readdirSync(bundle, { recursive: true }) as string[]).filter((path) =>
    /^(vm_|lib\/|rc\.d\/|airhivectl$)/.test(path),
  );
  const text = scripts.map((path) => readFileSync(join(bundle, path), 'utf8')).join('\n');
  const names = [...text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
  return [...new Set(names)].filter(
    (name) => !/^(AIRHIVE_|LC_|LANG|PATH$|SSH_CONNECTION|airhive_)/.test(name),
  );
}

/** What a script has said, the same on every machine. */
const words = ({ said }: Ended): string => said.replaceAll(/\/[^ ]*airhive-host-\w+/g, '');

describe("root's environment", () => {
  it.each(['laptop', 'ready'] as const)('changes nothing of what vm_install check says: %s', async (host) => {
    const plain = await new Machine({ host }).call('vm_install', 'check');
    const machine = new Machine({ host });
    machine.environment = SPEECH;
    const ended = await machine.call('vm_install', 'check');
    expect(plain.code, plain.said).toBe(0);
    expect([ended.code, words(ended)]).toEqual([0, words(plain)]);
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

  it('of common names keeps nothing from being installed, started and asked', async () => {
    const machine = laptop();
    machine.environment = COMMON;
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code, ended.said).toBe(0);
    const ready = new Machine();
    ready.environment = COMMON;
    const started = await ready.up();
    expect((await ready.call('vm_status')).said).toContain('up for');
    expect((await ready.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
  });

  // "local" keeps the value that a variable has outside of the function.
  it('with any name that a script uses itself means nothing to it', async () => {
    const says = async (planted: boolean): Promise<unknown[]> => {
      const machine = laptop();
      const names = namesIn(machine.bundle);
      expect(names.length).toBeGreaterThan(200);
      if (planted) machine.environment = Object.fromEntries(names.map((name) => [name, 'planted']));
      const all: unknown[] = [];
      for (const line of [
        'vm_install check',
        'vm_install apply --yes',
        'vm_install apply --dry-run',
        'vm_site add home --open',
        'vm_site list',
        'vm_status',
        'vm_status --json',
        'vm_wifi scan',
        'vm_native off --yes',
        'vm_kill',
        'vm_run',
        'vm_install remove --yes',
      ]) {
        const [script = '', ...args] = line.split(' ');
        const ended = await machine.call(script, ...args);
        all.push([line, ended.code, words(ended).replaceAll(/SHA256:\S+|\b[0-9a-f]{16}\b/g, '')]);
      }
      const state = (file: string): string => readFileSync(join(machine.etc, file), 'utf8');
      return [...all, state('rc.conf'), state('sysctl.conf')];
    };
    expect(await says(true)).toEqual(await says(false));
  });

  it('AIRHIVE_PATH and AIRHIVE_ROOT count only when they say something', () => {
    const { bundle } = new Machine();
    const { stdout } = spawnSync(
      '/bin/sh',
      ['-c', 'HERE=$1; trap \'echo "$PATH $ETC $VAR"\' EXIT; . "$HERE/lib/common"', 'sh', bundle],
      { env: { AIRHIVE_PATH: '', AIRHIVE_ROOT: '', PATH: '/nonexistent' }, encoding: 'utf8' },
    );
    expect(stdout).toBe('/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin /etc /var\n');
  });
});

// These tests run where there is no FreeBSD: without the fakes the scripts are on such a machine.
describe('on a machine that is not FreeBSD', () => {
  it('every command says just that', () => {
    const { bundle } = laptop();
    const scripts = readdirSync(bundle).filter((name) => /^(vm_|airhivectl$)/.test(name));
    expect(scripts.length).toBeGreaterThan(10);
    for (const script of [...scripts, 'lib/service', 'rc.d/airhive']) {
      for (const word of script === 'airhivectl' ? ['check', 'status'] : ['check', 'status', 'start']) {
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
