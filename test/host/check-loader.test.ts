import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { all, AMD, type Change, write } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';
import { apply, laptop, read } from './installing.ts';

// The files that the loader reads, and in which order, is what its own defaults say.

const local = (...lines: string[]): Change => write('boot/loader.conf.local', `${lines.join('\n')}\n`);

/** The defaults of FreeBSD 13: loader.conf.local comes before the folder. */
const older: Change = write(
  'boot/defaults/loader.conf',
  'loader_conf_files="/boot/device.hints /boot/loader.conf /boot/loader.conf.local"\n' +
    'loader_conf_dirs="/boot/loader.conf.d"\n',
);

/** A loader that knows no folder. */
const oldest: Change = write(
  'boot/defaults/loader.conf',
  'loader_conf_files="/boot/device.hints /boot/loader.conf /boot/loader.conf.local"\n',
);

const nmdm: Change = (machine) => machine.edit('vm.conf', "VM_CONSOLE='none'", "VM_CONSOLE='nmdm'");

const told = (name: string, change: Change, words: string): Case => [name, change, 4, 'error', words];
const silent = (name: string, change: Change): Case => [
  name,
  change,
  0,
  'ok',
  'the loader is to keep the card',
];

const cases: readonly Case[] = [
  told(
    'no vmm',
    local('', 'vmm_load="NO"'),
    'boot/loader.conf.local line 2 has vmm_load="NO", and the loader reads it',
  ),
  told(
    'no vmm, with blanks',
    local('\tvmm_load = no # why'),
    'boot/loader.conf.local line 1 has vmm_load="no"',
  ),
  told('the last of two', local('vmm_load="YES"', 'vmm_load="NO"'), 'loader.conf.local line 2 has vmm_load'),
  silent('the last of two, the other way round', local('vmm_load="NO"', 'vmm_load="yes"')),
  told(
    'another file of the folder',
    write('boot/loader.conf.d/a.conf', 'vmm_load="NO"\n'),
    'loader.conf.d/a.conf line 1',
  ),
  silent('no file of the loader', write('boot/loader.conf.d/a.txt', 'vmm_load="NO"\n')),
  silent('before ours', write('boot/loader.conf', 'vmm_load="NO"\n')),
  silent('in device.hints', write('boot/device.hints', 'vmm_load="NO"\n')),
  silent('before ours on FreeBSD 13', all(older, local('vmm_load="NO"'))),
  told('after our block', all(oldest, local('vmm_load="NO"')), 'loader.conf.local line 1'),
  told(
    'a file that another one names',
    all(
      write('boot/loader.conf', 'local_loader_conf_files="/boot/mine"\n'),
      write('boot/mine', 'vmm_load="NO"\n'),
    ),
    'boot/mine line 1',
  ),
  silent(
    'a file that is read no more',
    all(write('boot/loader.conf', 'local_loader_conf_files=""\n'), local('vmm_load="NO"')),
  ),
  told("AMD's IOMMU", all(AMD, local('hw.vmm.amdvi.enable="0"')), 'has hw.vmm.amdvi.enable="0"'),
  silent("AMD's IOMMU on another processor", local('hw.vmm.amdvi.enable="0"')),
  told('the console', all(nmdm, local('nmdm_load="NO"')), 'has nmdm_load="NO"'),
  silent('a console that is not used', local('nmdm_load="NO"')),
  told('the own driver', local('if_iwm_load="YES"'), 'has if_iwm_load="YES"'),
  silent('another driver', local('if_em_load="YES"')),
  told('the IOMMU', write('boot/loader.conf', 'hw.vmm.iommu.enable=0\n'), 'which keeps vmm from the IOMMU'),
  told(
    'the blacklist',
    write('boot/loader.conf', 'module_blacklist="drm,vmm"\n'),
    'loader.conf line 1 has module_blacklist="drm,vmm", which keeps vmm',
  ),
  silent('a blacklist of others', write('boot/loader.conf', 'module_blacklist="drm vmmfoo"\n')),
  told(
    'a UTF-8 mark',
    local('\u{feff}autoboot_delay="1"', 'x="1"'),
    'loader.conf.local begins with a UTF-8 mark',
  ),
];

describe("vm_install check, of the loader's files,", () => {
  it.each(cases)('%s', expectFinding);

  it.each([
    ['as it comes', [] as Change[], true],
    ['FreeBSD 13', [older, local('vmm_load="NO"')], true],
    ['without a folder', [oldest], false],
    ['with another folder', [write('boot/loader.conf', 'loader_conf_dirs="/boot/other.d"\n')], false],
    [
      'with a folder more',
      [write('boot/loader.conf', 'loader_conf_dirs="/boot/other.d /boot/loader.conf.d"\n')],
      true,
    ],
  ])('what is written is what the loader reads: %s', async (_, changes, folder) => {
    const machine = laptop();
    all(...changes)(machine);
    await apply(machine);
    expect(existsSync(join(machine.boot, 'loader.conf.d/airhive.conf'))).toBe(folder);
    expect(read(machine.boot, 'loader.conf').includes('vmm_load="YES"')).toBe(!folder);
    await machine.reboot();
    expect(machine.get('modules')).toContain('\nvmm\n');
    expect(machine.get('pciconf')).toContain('ppt0@pci0:4:0:0');
  });
});
