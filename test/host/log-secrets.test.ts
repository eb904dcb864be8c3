import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AWKS, useAwk } from './awks.ts';
import { archiveOf, found, spoiledMachine, unpacked, vmLog } from './log-bench.ts';
import { KEY_BODY, KNOWN, NAMES, STATIONS, UNKNOWN } from './planted-secrets.ts';

const TIME = 120_000;

describe('the secrets in what vm_log writes', { timeout: TIME }, () => {
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
    for (const line of readFileSync(join(machine.data, 'keys/admin'), 'utf8').split('\n').slice(1, -2))
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
