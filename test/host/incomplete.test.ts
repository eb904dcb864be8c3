import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AC8260, AC8265, makerLaptop } from './auto-bench.ts';
import { filesOf } from './installing.ts';
import { Machine } from './machine.ts';
import { online, prints, running } from './status-bench.ts';

const FIRMWARE = 'iwlwifi-ty-a0-gf-a0-89.ucode iwlwifi-ty-a0-gf-a0.pnvm';
const PACKAGES = 'dnsmasq iptables';

const laptopWith = (view: Record<string, string>): Machine => new Machine({ host: 'laptop', view });

describe('a bundle that was built without a network', () => {
  it('and lacks the firmware of the card leaves the native Wi-Fi alone', async () => {
    const machine = laptopWith({ firmwareMissing: FIRMWARE, firmwareCards: '8086:24f3' });
    const before = filesOf(machine);
    const check = await machine.call('vm_install', 'check');
    expect(check.code).toBe(4);
    const errors = check.said.split('\n').filter((line) => line.startsWith('error'));
    expect(errors).toEqual([expect.stringContaining(`(${FIRMWARE})`)]);
    expect(errors[0]).toContain('build the bundle again with a network');
    const apply = await machine.call('vm_install', 'apply', '--yes');
    expect(apply.code, apply.said).toBe(4);
    expect(apply.said).toContain('nothing was changed');
    expect(filesOf(machine)).toEqual(before);
  });

  it('and lacks firmware for other cards of the maker only is installed', async () => {
    const missing = { firmwareMissing: `${FIRMWARE} a.bin b.bin c.bin`, firmwareCards: '8086:24fd' };
    const needsNone = makerLaptop([AC8260], missing);
    expect(await needsNone.call('vm_install', 'check')).toMatchObject({ code: 0 });
    const { code, said } = await makerLaptop([AC8265], missing).call('vm_install', 'check');
    expect([code, said]).toEqual([4, expect.stringContaining(`(${FIRMWARE} a.bin b.bin and 1 more)`)]);
  });

  it('and lacks packages is installed, with a warning of what that means', async () => {
    const machine = laptopWith({ packagesMissing: PACKAGES });
    const { code, said } = await machine.call('vm_install', 'apply', '--yes');
    expect(code, said).toBe(0);
    expect(said).toMatch(/^warning {2}packages are not in this bundle \(dnsmasq iptables\): .*login page/m);
  });

  it('says nothing of it when nothing is missing', async () => {
    const { code, said } = await laptopWith({}).call('vm_install', 'check');
    expect([code, said]).toEqual([0, expect.not.stringMatching(/firmware that|packages/)]);
  });
});

/** A running guest whose bundle lacks this, and what vm_status says of it. */
async function lacking(name: string, words: string, changes: Record<string, string>) {
  const { machine, status } = await running();
  const conf = join(machine.directory, 'bundles/first/vm.conf');
  const text = readFileSync(conf, 'utf8');
  expect(text).toContain(`\n${name}=''\n`);
  const needing = text.replace(/\nFIRMWARE_CARDS=.*\n/, "\nFIRMWARE_CARDS='8086:24f3'\n");
  writeFileSync(conf, needing.replace(`\n${name}=''\n`, `\n${name}='${words}'\n`));
  online(machine, changes);
  return { machine, status };
}

const CLOSED = { 'proc/sys/net/ipv4/ip_forward': '0\n' };
// The file of the interface is elsewhere, so wlan0 is not there.
const NO_CARD = { 'etc/airhive/airhive.conf': "WLAN='wlan7'\n", 'bin/status': '', 'bin/ip': prints('') };

describe('vm_status of a guest that is no gateway yet', () => {
  it.each([
    ['packages', 'closed', 'PACKAGES_MISSING', PACKAGES, CLOSED, 'downloads them over its Wi-Fi'],
    [
      'the firmware of the card',
      'no-card',
      'FIRMWARE_MISSING',
      FIRMWARE,
      NO_CARD,
      'build it again with a network',
    ],
  ])('says that the bundle lacks %s', async (_what, state, name, words, changes, advice) => {
    const { status } = await lacking(name, words, changes);
    const { said, rows } = await status();
    expect(rows.guest).toMatch(RegExp(`^${state}, `));
    expect(said).toMatch(RegExp(`^ {10}the bundle lacks .*\\(${words}\\).*${advice}`, 'm'));
    expect(JSON.parse((await status('--json')).said)).toMatchObject({
      state,
      [name.toLowerCase()]: words.split(' '),
    });
  });

  it('sends no access point to its own Wi-Fi for its packages', async () => {
    const { machine, status } = await lacking('PACKAGES_MISSING', PACKAGES, CLOSED);
    const conf = join(machine.directory, 'bundles/first/vm.conf');
    writeFileSync(conf, readFileSync(conf, 'utf8').replace(/^WIFI_MODE=.*$/m, "WIFI_MODE='access-point'"));
    const { said } = await status();
    expect(said).toContain(`lacks packages (${PACKAGES}): the guest downloads them through this host`);
    expect(said).not.toContain('over its Wi-Fi');
  });

  it('says nothing of packages that a gateway has by now', async () => {
    const { status } = await lacking('PACKAGES_MISSING', PACKAGES, {});
    expect((await status()).said).not.toContain('lacks');
  });
});
