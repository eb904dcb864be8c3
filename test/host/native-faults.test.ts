import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Fault, type Machine, until } from './machine.ts';
import { native, ready, traces, works } from './native-bench.ts';
import { lacks, lacksNative, systemOf } from './stories/laptop.ts';

const TIME = 300_000;

const names = (machine: Machine): string => readFileSync(join(machine.etc, 'resolv.conf'), 'utf8');

describe('vm_native that meets', { timeout: TIME }, () => {
  let machine: Machine;
  let before: Record<string, string>;
  let resolver: string;
  beforeEach(async () => {
    machine = await ready();
    before = systemOf(machine);
    resolver = names(machine);
  });

  function expectGuest(): void {
    expect(lacks(machine)).toEqual([]);
    expect(traces(machine)).toEqual([]);
    expect(names(machine)).toBe(resolver);
    expect(systemOf(machine)).toEqual(before);
  }

  it.each<[string, (on: Machine) => void, number, string]>([
    ['no module', (on) => on.put('kernel-modules', 'vmm\n'), 4, 'has none of the drivers if_iwm if_iwlwifi'],
    ['no driver that takes it', (on) => on.put('unfit', 'iwm\niwlwifi\n'), 4, 'takes the card 8086:24f3'],
    ['a card that ppt keeps', (on) => on.put('stuck', 'ppt0\n'), 4, 'Device busy'],
    ['no network in reach', (on) => on.put('no-air', ''), 5, 'wlan0 found no network'],
    [
      'rc.conf.d files in the way',
      (on) => {
        for (const folder of [join(on.etc, 'rc.conf.d'), join(on.local, 'etc/rc.conf.d')]) {
          mkdirSync(folder);
          writeFileSync(join(folder, 'network'), '');
        }
      },
      4,
      'make one of them a directory',
    ],
  ])('on, with %s, goes back to the guest', async (_what, hinder, code, words) => {
    hinder(machine);
    before = systemOf(machine);
    const ended = await native(machine, 'on', '--yes');
    expect(ended.code, ended.said).toBe(code);
    expect(ended.said).toContain(words);
    expect(lacks(machine)).toEqual([]);
    expect(names(machine)).toBe(resolver);
    expect(systemOf(machine)).toEqual(before);
    expect(existsSync(join(machine.var, 'run/airhive/native.was'))).toBe(false);
  });

  it.each<[string, (on: Machine) => void, string]>([
    ['a driver that does not let go', (on) => on.put('stuck', 'iwm0\n'), 'Device busy'],
    ['vmm unloaded', (on) => on.put('modules', on.get('modules').replace('vmm\n', '')), 'No such file'],
  ])('off, with %s, goes back to the native driver', async (_what, hinder, words) => {
    await works(machine, 'on');
    hinder(machine);
    const ended = await native(machine, 'off', '--yes');
    expect(ended.code, ended.said).toBe(4);
    expect(ended.said).toContain(words);
    expect(ended.said).toContain('it is as it was before');
    expect(lacksNative(machine)).toEqual([]);
    expect(names(machine)).not.toContain('172.24.1.1');
    machine.put('stuck', '');
    appendFileSync(join(machine.state, 'modules'), 'vmm\n');
    await works(machine, 'off');
    expectGuest();
  });

  it('off whose guest does not start again says so', async () => {
    await works(machine, 'on');
    rmSync(machine.iso.replace(machine.bundle, join(machine.directory, 'current')));
    const ended = await native(machine, 'off', '--yes');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('it did not start: service airhive start');
    expect(machine.get('pciconf')).toContain('ppt0@pci0:4:0:0:');
    expect(machine.get('routes')).toBe('default 172.24.1.1 bridge0\n');
    expect(traces(machine)).toEqual([]);
  });

  it.each(['cp', 'mv'])(
    'a file of its own that cannot be written (%s) leaves no directory behind',
    async (command) => {
      machine.replace(
        command,
        `case "$*" in */rc.conf.d/.airhive-new*) echo "${command}: fails" >&2; exit 1 ;; esac\nexec REAL "$@"`,
      );
      const ended = await native(machine, 'on', '--yes');
      expect(ended.code, ended.said).toBe(7);
      expect(ended.said).toContain(`cannot write ${machine.etc}/rc.conf.d/network`);
      machine.putBack(command);
      expectGuest();
    },
  );

  it.each([45, 70, 88])('interrupted at call %i it goes back, with exit status 130', async (at) => {
    machine.fault(at, 'hang');
    const started = machine.start(join(machine.directory, 'current/vm_native'), 'on', '--yes');
    await machine.exists('fault-met');
    // As ^C does: the whole group of the terminal.
    process.kill(-started.pid, 'SIGINT');
    const ended = await started.ended;
    machine.fault();
    expect(ended.code, ended.said).toBe(130);
    await until(() => machine.guests().length === 1, 'the guest');
    expectGuest();
  });
});

const opposite = (verb: 'on' | 'off'): 'on' | 'off' => (verb === 'on' ? 'off' : 'on');

/** A guest that answers may not have written down yet that it is there. */
async function expectState(machine: Machine, state: 'on' | 'off', where: string): Promise<void> {
  const missing = state === 'on' ? lacksNative : lacks;
  const otherwise = (): string => `${missing(machine).join()}, routes ${machine.get('routes')}\n${where}`;
  await until(() => missing(machine).length === 0, otherwise);
}

/** Makes every STEPth call the last one, or fail; returns how many there are. */
const STEP = 14;

async function sweep(verb: 'on' | 'off', how: Fault, first: number): Promise<number> {
  for (let at = first; ; at += STEP) {
    const machine = await ready();
    if (verb === 'off') await works(machine, 'on');
    machine.fault(at, how);
    const ended = await native(machine, verb, '--yes');
    if (!machine.faultMet()) return at;
    machine.fault();
    const where = `${how} at call ${at}: ${machine.get('calls').split('\n').slice(-40).join('\n')}\n${ended.said}`;
    const direction = (at / STEP) % 2 < 1 ? 'on' : 'off';
    // A call of vm_run, which lives on by itself, is not ours.
    if (how === 'fail' ? ended.said.includes('did not start') : ended.signal !== 'SIGKILL') continue;
    const right = ended.code === 0 ? verb : opposite(verb);
    if (how === 'fail') await expectState(machine, right, where);
    const next = await native(machine, direction, '--yes');
    expect(next.code, `${where}\nthen ${direction}: ${next.said}`).toBe(0);
    await expectState(machine, direction, where);
    await works(machine, 'off');
    await expectState(machine, 'off', where);
    expect(traces(machine), where).toEqual([]);
    expect(machine.get('violations'), where).toBe('');
  }
}

describe('vm_native of which every call may', { timeout: TIME }, () => {
  it.each<['on' | 'off', Fault, number]>([
    ['on', 'kill-before', 3],
    ['off', 'kill-before', 5],
    ['on', 'fail', 8],
    ['off', 'fail', 10],
  ])('%s: %s', async (verb, how, first) => {
    expect(await sweep(verb, how, first)).toBeGreaterThan(100);
  });
});
