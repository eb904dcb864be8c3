import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeBundle, intel8260 } from './bundle.ts';
import { apply, done, laptop, filesOf, newer, read, remove } from './installing.ts';
import type { Machine } from './machine.ts';

const IPV6 = { host: 'fd12::2', guest: 'fd12::1', prefix: 64, subnet: 'fd12::' };

/** A laptop with a bundle whose profile asks for IPv6. */
function withIpv6(): Machine {
  const machine = laptop();
  rmSync(join(machine.bundle, 'snippets'), { recursive: true });
  writeBundle(machine.bundle, { ...intel8260, directory: machine.directory, ipv6: IPV6 });
  return machine;
}

describe('vm_install of a profile with IPv6', () => {
  it('sets addresses and the table by which programs choose them, and takes them back', async () => {
    const machine = withIpv6();
    const before = filesOf(machine);
    await apply(machine);
    const rc = read(machine.etc, 'rc.conf');
    expect(rc).toContain('ifconfig_bridge0_ipv6="inet6 fd12::2/64"\n');
    expect(rc).toContain('ipv6_defaultrouter="fd12::1"\n');
    expect(rc).toContain('ip6addrctl_policy="AUTO"\n');
    expect(read(machine.etc, 'ip6addrctl.conf')).toMatch(/^fd12::\/64\t37\t1$/m);
    const again = await apply(machine);
    expect(again.said).toContain('nothing to change');
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });

  it.each(['mkdir .*/files/', 'cat .*/ip6addrctl.conf.new', 'cp .*rc.conf.new .*/writing'])(
    'is taken back when apply was killed before "%s", while it put the new files beside the old ones',
    async (pattern) => {
      const other = withIpv6();
      await apply(other);
      const number = other
        .get('calls')
        .split('\n')
        .findIndex((call) => new RegExp(`^${pattern}`).test(call));
      expect(number).toBeGreaterThan(0);
      const machine = withIpv6();
      const before = filesOf(machine);
      machine.fault(number + 1, 'kill-before');
      expect((await machine.call('vm_install', 'apply', '--yes')).code).toBeNull();
      machine.fault();
      await remove(machine);
      expect(filesOf(machine)).toEqual(before);
    },
  );

  it("keeps a table of the user's own, whose lines come first", async () => {
    const machine = withIpv6();
    const own = '# mine\n::/0\t1\t1';
    writeFileSync(join(machine.etc, 'ip6addrctl.conf'), own);
    await apply(machine);
    expect(read(machine.etc, 'ip6addrctl.conf')).toMatch(
      /^# mine\n::\/0\t1\t1\n# airhive: begin.*\nfd12::\/64\t37\t1\n/,
    );
    await remove(machine);
    expect(read(machine.etc, 'ip6addrctl.conf')).toBe(own);
  });

  it('needs a reboot where an upgrade brings it, and none after that', async () => {
    const machine = laptop();
    await apply(machine);
    await machine.reboot();
    const next = newer(machine, 'newer', { ipv6: IPV6 });
    expect((await done(machine, next, 'apply', '--yes')).said).toContain(
      'reboot now, to change this: bridge0 has no IPv6 address\n',
    );
    await machine.reboot();
    expect((await done(machine, next, 'apply', '--yes')).said).toContain('no reboot is needed');
  });

  it('takes them out again when a newer bundle has none', async () => {
    const machine = withIpv6();
    await apply(machine);
    const next = await machine.call(newer(machine, 'newer'), 'apply', '--yes');
    expect(next.code, next.said).toBe(0);
    expect(() => read(machine.etc, 'ip6addrctl.conf')).toThrow(/ENOENT/);
    expect(read(machine.etc, 'rc.conf')).not.toMatch(/bridge0_ipv6|ipv6_default|ip6addrctl/);
  });
});
