import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveOf, found, spoiledMachine, vmLog } from './log-bench.ts';
import { Machine, until } from './machine.ts';
import { toolsBefore } from './other-tools.ts';
import { KNOWN } from './planted-secrets.ts';

const TIME = 120_000;

describe('vm_log', { timeout: TIME }, () => {
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

  it.each([
    ['a file', 'victim'],
    ['nothing', 'nowhere'],
    ['a folder', '.'],
  ])('follows no link to %s that stands in the place of the archive', async (_what, target) => {
    const machine = new Machine();
    const at = (name: string): string => join(machine.root, 'tmp', name);
    writeFileSync(at('victim'), 'mine');
    symlinkSync(target, at('report.tar.gz'));
    const ended = await vmLog(machine, at('report.tar.gz'));
    expect(ended.code, ended.said).toBe(2);
    expect(readFileSync(at('victim'), 'utf8')).toBe('mine');
    expect(readdirSync(at('.')).toSorted()).toEqual(['report.tar.gz', 'victim']);
  });

  it.each([
    ['the name of the archive', (name: string) => name],
    ['the name that it was prepared under once', (name: string, pid: number) => `.${name}.${pid}`],
  ])('follows no link that another user makes meanwhile, at %s', async (_what, nameOf) => {
    const machine = new Machine();
    const at = (name: string): string => join(machine.root, 'tmp', name);
    writeFileSync(at('victim'), 'mine');
    const started = machine.start('vm_log', at('report.tar.gz'));
    await until(() => existsSync(join(machine.run, 'vm_log')), 'vm_log');
    symlinkSync('victim', at(nameOf('report.tar.gz', started.pid)));
    const ended = await started.ended;
    expect(readFileSync(at('victim'), 'utf8')).toBe('mine');
    if (nameOf('', 1) === '') {
      expect(ended.code, ended.said).toBe(2);
      expect(ended.said).toContain('somebody else has made it. There is no archive');
    } else expect(ended.code, ended.said).toBe(0);
    expect(readdirSync(at('.')).filter((name) => name.startsWith('.airhive'))).toEqual([]);
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
    machine.environment = toolsBefore(tools);
    const refused = await vmLog(machine, join(machine.root, 'tmp/full.tar.gz'));
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.said).toContain('is the disk full? There is no archive');
    expect(readdirSync(join(machine.root, 'tmp'))).toEqual(['mine']);
    machine.put('uid', '1001\n');
    expect((await vmLog(machine)).said).toContain('must be run by root');
  });
});
