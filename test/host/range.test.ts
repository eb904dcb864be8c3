import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Machine } from './machine.ts';
import { withTunnel } from './service-bench.ts';
import { online, prints } from './status-bench.ts';

// A Wi-Fi that gives out addresses of the host's own range: vm_status proposes another one for the profile.

const WORDS =
  "the Wi-Fi network gives out 172.24.1.105/24, which is the host's own range 172.24.1.0/24: refused. " +
  'Choose another range in the profile';

/** A running guest that has refused this lease. */
async function refusing(
  lease: string,
): Promise<{ machine: Machine; status: (...words: string[]) => Promise<string> }> {
  const { machine, service } = withTunnel();
  await service('start');
  await machine.exists('guest-is-up');
  online(machine, {
    'bin/ip': prints(''),
    'run/airhive/said/lease': WORDS,
    'run/airhive/refused': `${lease}\n`,
  });
  const status = async (...words: string[]): Promise<string> => {
    const { code, said } = await machine.call(join(machine.directory, 'current/vm_status'), ...words);
    expect(code, said).toBe(5);
    return said;
  };
  return { machine, status };
}

describe("a network in the host's own range", () => {
  it('is said, with the lines of the profile for one that is free', async () => {
    const { status } = await refusing('172.24.1.105/24');
    expect(await status()).toContain(
      `          ${WORDS}\n` +
        '          put another range into the profile, such as this one, which is free; build, vm_install apply, reboot:\n' +
        '            network:\n              host: 10.137.1.49/24\n              guest: 10.137.1.1\n',
    );
  });

  it('is not evaded into what others have here, or into the rest of a large network', async () => {
    const { machine, status } = await refusing('172.24.1.105/12');
    machine.put('interfaces/em0', 'up\ninet 10.137.200.7/16\n');
    machine.put('routes', '10.214.1.128/25 10.137.0.1 em0\ndefault 172.24.1.1 bridge0\n');
    expect(JSON.parse(await status('--json'))).toMatchObject({
      state: 'offline',
      reason: WORDS,
      refused: '172.24.1.105/12',
      free_host: '192.168.211.49/24',
      free_guest: '192.168.211.1',
    });
  });

  it('of which the guest says nonsense proposes nothing', async () => {
    const { status } = await refusing('1.2.3.4/8"; reboot');
    const said = await status('--json');
    expect(JSON.parse(said)).toMatchObject({ refused: null, free_host: null, free_guest: null });
  });
});
