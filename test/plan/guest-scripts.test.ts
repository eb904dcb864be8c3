import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../fixtures/machines.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';
import { freshFile, run, writeTree } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

// Only the settings differ from profile to profile: every other script of every variant is one of these. Some have fewer.
const tree = guestTree(VARIANTS.mdns!);
const root = writeTree(tree);
const SETTINGS = 'etc/airhive/airhive.conf';
const LIB = 'usr/libexec/airhive/lib';

const isService = (path: string) => path.startsWith('etc/init.d/');
const scripts = tree
  .filter((entry) => entry.type === 'file' && (entry.mode === 0o755 || [LIB, SETTINGS].includes(entry.path)))
  .map(({ path }) => path);
const services = scripts.filter(isService);
const programs = scripts.filter((path) => !isService(path));
const at = (path: string) => join(root, path);

const SHELLS = [
  { name: 'sh', command: ['sh'] },
  { name: 'dash', command: ['dash'] },
  { name: 'busybox', command: ['busybox', 'ash'] },
];

describe('the scripts of the guest', () => {
  it('are all there', () => {
    expect(services.length).toBeGreaterThanOrEqual(10);
    expect(programs).toEqual(
      expect.arrayContaining([LIB, SETTINGS, 'usr/libexec/airhive/wifi', 'etc/acpi/PWRF/00000080']),
    );
  });

  it('are the same for every profile, but for the settings', () => {
    for (const [name, profile] of Object.entries(VARIANTS)) {
      const other = guestTree(profile);
      const theirs = scripts.filter((script) => other.some(({ path }) => path === script));
      expect(theirs.length).toBeGreaterThanOrEqual(scripts.length - 2);
      for (const path of theirs.filter((script) => script !== SETTINGS)) {
        expect(textAt(other, path), `${name} ${path}`).toBe(textAt(tree, path));
      }
    }
  });

  describe.each(SHELLS)('under $name', ({ name, command: [tool = '', ...args] }) => {
    it.skipIf(!hasTool(name))(`parse (needs ${name})`, () => {
      for (const script of scripts) run(tool, [...args, '-n', at(script)]);
    });

    it.skipIf(!hasTool(name)).each(Object.entries(VARIANTS))(
      `read the settings of %s (needs ${name})`,
      (_, profile) => {
        const file = freshFile(textAt(guestTree(profile), SETTINGS));
        const names = ['WLAN', 'GUEST', 'SUBNET', 'REVERSE_PORT', 'IPV6_SUBNET', 'MIRRORS', 'BRANCH'];
        const print = `set -eu; . "$1"; printf '%s\\n' ${names.map((setting) => `"$${setting}"`).join(' ')}`;
        const { network, wifi, ssh, alpine, release } = profile;
        expect(
          run(tool, [...args, '-c', print, 'sh', file])
            .toString()
            .split('\n'),
        ).toEqual([
          wifi.interface,
          network.guest,
          `${network.subnet}/${network.prefix}`,
          ssh.reverse ? String(ssh.port) : '',
          network.ipv6 ? `${network.ipv6.subnet}/64` : '',
          alpine.mirrors.join(' '),
          release.branch,
          '',
        ]);
      },
    );
  });

  it.skipIf(!hasTool('shellcheck'))('are clean under shellcheck (needs shellcheck)', () => {
    run('shellcheck', ['-s', 'sh', '-x', '-P', at('usr/libexec/airhive'), ...programs.map(at)]);
  });

  // openrc-run reads what a service sets, which shellcheck cannot see.
  it.skipIf(!hasTool('shellcheck'))('are clean under shellcheck as services (needs shellcheck)', () => {
    run('shellcheck', ['-s', 'sh', '-x', '-e', 'SC2034', ...services.map(at)]);
  });

  // Capitals are ours; shellcheck takes them for the environment's and says nothing when one is misspelt.
  it('set every name in capitals that they use', () => {
    const assigned = (path: string) =>
      [...textAt(tree, path).matchAll(/^\s*(?:: "\$\{)?([A-Z][A-Z0-9_]*):?=/gm)].map(([, name]) => name);
    const shared = [...assigned(SETTINGS), ...assigned(LIB)];
    for (const path of scripts) {
      const used = [...textAt(tree, path).matchAll(/\$\{?#?([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name);
      const known = new Set([...shared, ...assigned(path)]);
      expect(
        used.filter((name) => !known.has(name)),
        path,
      ).toEqual([]);
    }
  });

  it('use every setting, but for the version, which is for people', () => {
    const settings = [...textAt(tree, SETTINGS).matchAll(/^([A-Z_0-9]+)=/gm)].map(([, name = '']) => name);
    expect(settings.length).toBeGreaterThan(5);
    const texts = scripts
      .filter((path) => path !== SETTINGS)
      .map((path) => textAt(tree, path))
      .join('\n');
    const unused = settings.filter((name) => !RegExp(`\\$\\{?${name}\\b`).test(texts));
    expect(unused).toEqual(['AIRHIVE_VERSION']);
  });

  it('call only scripts of ours that are there', () => {
    for (const path of [...scripts, 'etc/inittab']) {
      const named = textAt(tree, path).match(/\/(usr\/libexec|etc)\/airhive\/[a-z0-9_.-]*[a-z0-9]/g) ?? [];
      for (const file of named)
        expect(
          tree.map((entry) => `/${entry.path}`),
          path,
        ).toContain(file);
    }
  });

  it('never run wpa_supplicant in the background, where its supervisor would lose it', () => {
    expect(textAt(tree, 'usr/libexec/airhive/wifi')).toMatch(/^exec wpa_supplicant (?!.*-B)/m);
  });
});

describe('the settings', () => {
  it('hold values that a shell would take apart', () => {
    const profile = variant({
      alpine: { release: '3.24.1', mirrors: ['http://a.example/~b', 'http://c.example/d%20e'] },
    });
    expect(textAt(guestTree(profile), SETTINGS)).toContain(
      `\nMIRRORS='http://a.example/~b http://c.example/d%20e'\n`,
    );
  });
});
