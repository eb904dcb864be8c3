import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AWKS, useAwk } from './awks.ts';
import {
  careless,
  KEY_BODY,
  KNOWN,
  NAMES,
  plant,
  STATIONS,
  spoiled,
  UNKNOWN,
  unpacked,
  vmLog,
} from './log-bench.ts';
import { Machine } from './machine.ts';

const TIME = 120_000;

/** A machine run in place, with a guest that answers and is as careless as everything else. */
async function spoiledMachine(): Promise<Machine> {
  const machine = new Machine();
  plant(machine, join(machine.bundle, 'data'));
  careless();
  const up = machine.up();
  await up;
  const answer = join(machine.state, 'guest/answer');
  writeFileSync(answer, `=== dmesg\n${spoiled('')}=== end\n`);
  writeFileSync(join(machine.state, 'guest/run'), `#!/bin/sh\ncat ${answer}\n`, { mode: 0o755 });
  return machine;
}

async function archiveOf(machine: Machine, ...words: string[]): Promise<Record<string, string>> {
  const file = join(machine.root, 'tmp/report.tar.gz');
  const ended = await vmLog(machine, ...words, file);
  expect(ended.code, ended.said).toBe(0);
  expect(ended.said).toContain(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(join(machine.run, 'log'))).toBe(false);
  return unpacked(file);
}

function found(texts: Record<string, string>, what: readonly string[]): string[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    what
      .filter((one) => text.includes(one) || text.includes(Buffer.from(one).toString('hex')))
      .map((one) => `${name}: ${one}`),
  );
}

describe('vm_log', { timeout: TIME }, () => {
  it.each(AWKS)('takes out every planted secret, with %s', async (program) => {
    const machine = await spoiledMachine();
    useAwk(machine, program);
    const texts = await archiveOf(machine);
    expect(Object.keys(texts).toSorted()).toEqual([
      'README.txt',
      'airhive.txt',
      'console-before.log.txt',
      'console.log.txt',
      'guest.txt',
      'host.txt',
      'kernel.txt',
      'manifest.json.txt',
      'network.txt',
      'service.log.txt',
      'settings.txt',
      'tunnel.log.txt',
      'vm.conf.txt',
    ]);
    expect(found(texts, [...Object.values(KNOWN), ...Object.values(UNKNOWN)])).toEqual([]);
    expect(found(texts, [KEY_BODY, 'PRIVATE KEY', 'jdoe', 'thinkpad', 'example.org'])).toEqual([]);
    expect(found(texts, NAMES)).toEqual([]);
    expect(found(texts, ['aa:bb:cc', 'dd:ee:ff', 'feaa:bbcc', 'learnt by', 'the guest 99'])).toEqual([]);
    for (const line of readFileSync(join(machine.bundle, 'data/keys/admin'), 'utf8').split('\n').slice(1, -2))
      expect(found(texts, [line])).toEqual([]);
    for (const text of Object.values(texts)) expect(text).toMatch(/^[\t\n -~]*$/);
    for (const name of [
      'service.log.txt',
      'guest.txt',
      'kernel.txt',
      'console-before.log.txt',
      'tunnel.log.txt',
    ]) {
      expect(texts[name], name).toContain(
        'this line is harmless, network 172.24.1.1, WPA2-PSK, key_mgmt=WPA-PSK',
      );
      expect(texts[name], name).toContain('he typed (secret) and went on');
    }
  });

  it('keeps apart what is not the same, under the same number everywhere', async () => {
    const machine = await spoiledMachine();
    const texts = await archiveOf(machine);
    const text = texts['service.log.txt']!;
    const [, neighbour] = /ssid "(network-\d+)" channel 6 bssid 00:11:22:xx:xx:(\d\d)/.exec(text)!;
    expect(text).toContain(`(SSID='${neighbour}' freq=2412 MHz)`);
    expect(texts['guest.txt']).toContain(`ssid "${neighbour}" channel`);
    const stations = new Set(text.match(/00:11:22:xx:xx:\d\d/g));
    expect(stations.size).toBe(STATIONS.length);
    expect(text).toMatch(/wrong passphrase for "network-\d+": correct it/);
  });

  it('--names keeps the names of networks, and only them', async () => {
    const machine = await spoiledMachine();
    const texts = await archiveOf(machine, '--names');
    for (const name of NAMES)
      expect(texts[name === 'RcNet' ? 'settings.txt' : 'service.log.txt']).toContain(name);
    expect(found(texts, [...Object.values(KNOWN), ...Object.values(UNKNOWN), 'jdoe'])).toEqual([]);
  });

  it('has what is needed to find a fault', async () => {
    const machine = await spoiledMachine();
    const texts = await archiveOf(machine);
    expect(texts['host.txt']).toMatch(/14\.3-RELEASE-p2/);
    expect(texts['host.txt']).toMatch(/^hw\.vmm\.iommu\.initialized: 0$/m);
    expect(texts['host.txt']).toMatch(/^DMAR$/m);
    expect(texts['host.txt']).toContain('ppt0@pci0:4:0:0:');
    expect(texts['host.txt']).toContain('MSI supports 1 message');
    expect(texts['host.txt']).toContain('vmm.ko');
    expect(texts['network.txt']).toContain('member: tap0');
    expect(texts['network.txt']).toMatch(/^default +172\.24\.1\.1/m);
    expect(texts['settings.txt']).toMatch(/^airhive_wait="30"$/m);
    expect(texts['settings.txt']).toMatch(/^ifconfig_wlan0=/m);
    expect(texts['settings.txt']).toMatch(/^# and \d+ lines that are not shown$/m);
    expect(texts['airhive.txt']).toMatch(/^guest +(online|offline|silent|no-card)/m);
    expect(texts['airhive.txt']).toMatch(/^(ok|warning|error) /m);
    expect(texts['manifest.json.txt']).toContain('"format": 1');
  });

  it.each<[string, (machine: Machine) => void]>([
    ['is not installed', (machine) => machine.put('calls', '')],
    [
      'has no modules, cards or interfaces',
      (machine) => {
        machine.put('modules', 'kernel\n');
        machine.put('pciconf', '');
        machine.put('routes', '');
      },
    ],
  ])('works on a machine that %s', async (_what, spoil) => {
    const machine = new Machine({ host: 'laptop' });
    spoil(machine);
    const texts = await archiveOf(machine);
    expect(texts['guest.txt']).toBe('the guest does not run, so it could not be asked\n');
    expect(texts['console.log.txt']).toMatch(/^there is no /);
    expect(found(texts, [KNOWN.laptop, KNOWN.enterprise, 'thinkpad'])).toEqual([]);
  });

  it('works with a guest that does not answer', async () => {
    const machine = await spoiledMachine();
    machine.put('sshd-is-down', '');
    const texts = await archiveOf(machine);
    expect(texts['guest.txt']).toContain("the guest's answer ends here");
  });

  it('is bounded in size', async () => {
    const machine = new Machine();
    mkdirSync(join(machine.var, 'log/airhive'), { recursive: true });
    writeFileSync(join(machine.var, 'log/airhive/service.log'), `${'x'.repeat(99_999)}\n`.repeat(300));
    const texts = await archiveOf(machine);
    expect(texts['service.log.txt']!.length).toBeLessThan(1 << 20);
  });

  it('takes its own name for the file, refuses one that is there, and leaves nothing when the disk is full', async () => {
    const machine = new Machine();
    const ended = await vmLog(machine);
    expect(ended.code, ended.said).toBe(0);
    expect(ended.said).toContain('look at it before you send it');
    expect(readdirSync(join(machine.var, 'tmp'))).toEqual([
      expect.stringMatching(/^airhive-log-\d{8}-\d{6}\.tar\.gz$/),
    ]);
    const mine = join(machine.root, 'tmp/mine');
    writeFileSync(mine, 'mine');
    expect((await vmLog(machine, mine)).code).toBe(2);
    expect(readFileSync(mine, 'utf8')).toBe('mine');
    expect((await vmLog(machine, '/nowhere/x.tar.gz')).code).toBe(7);
    for (const words of [['--all'], ['a', 'b']]) expect((await vmLog(machine, ...words)).code).toBe(2);
    const tools = join(machine.root, 'tools');
    mkdirSync(tools);
    const full = 'case $1 in -czf) echo half >"$2"; echo "No space left on device" >&2; exit 1 ;; esac';
    writeFileSync(join(tools, 'tar'), `#!/bin/sh\n${full}\nexec /usr/bin/tar "$@"\n`, { mode: 0o755 });
    machine.environment = { AIRHIVE_TEST_TOOLS: tools };
    const refused = await vmLog(machine, join(machine.root, 'tmp/full.tar.gz'));
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.said).toContain('is the disk full? There is no archive');
    expect(readdirSync(join(machine.root, 'tmp'))).toEqual(['mine']);
    machine.put('uid', '1001\n');
    expect((await vmLog(machine)).said).toContain('must be run by root');
  });

  it.each(['fail', 'kill-before'] as const)(
    '%s anywhere: a whole archive without secrets, or none',
    async (how) => {
      const machine = await spoiledMachine();
      const file = join(machine.root, 'tmp/report.tar.gz');
      machine.fault();
      let number = 0;
      for (let at = how === 'fail' ? 20 : 27; ; at += 23) {
        const one = file.replace('report', `report-${at}`);
        machine.fault(at, how);
        const ended = await vmLog(machine, one);
        if (!machine.faultMet()) break;
        number += 1;
        // The last call may have been the one before the archive got its name.
        if (existsSync(one)) {
          const texts = unpacked(one);
          expect(Object.keys(texts)).toHaveLength(13);
          const secrets = [...Object.values(KNOWN), ...Object.values(UNKNOWN), ...NAMES];
          expect(found(texts, secrets), `call ${at}`).toEqual([]);
        } else expect(ended.code, `call ${at}: ${ended.said}`).not.toBe(0);
      }
      expect(number).toBeGreaterThan(3);
      machine.fault();
      expect((await vmLog(machine, file)).code).toBe(0);
      expect(existsSync(join(machine.run, 'log'))).toBe(false);
    },
  );
});
