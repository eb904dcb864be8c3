import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Machine } from './machine.ts';

/** Something that is different about a machine. */
export type Change = (machine: Machine) => unknown;

/** A value of sysctl(8). */
export const sysctl =
  (name: string, value: string): Change =>
  (machine) => {
    const lines = machine
      .get('sysctl')
      .split('\n')
      .filter((line) => !line.startsWith(`${name}=`));
    machine.put('sysctl', [`${name}=${value}`, ...lines].join('\n'));
  };

/** A text in a file of the machine's state. */
export const replace =
  (path: string, from: string, to: string): Change =>
  (machine) => {
    expect(machine.get(path)).toContain(from);
    machine.put(path, machine.get(path).replace(from, to));
  };

/** A file below the root, with its folders. */
export const write =
  (path: string, text: string): Change =>
  (machine) => {
    mkdirSync(join(machine.root, path, '..'), { recursive: true });
    writeFileSync(join(machine.root, path), text);
  };

/** Lines at the end of rc.conf. */
export const rc =
  (text: string): Change =>
  (machine) =>
    writeFileSync(join(machine.etc, 'rc.conf'), text, { flag: 'a' });

/** An rc.conf that consists of these lines. */
export const conf =
  (...lines: string[]): Change =>
  (machine) =>
    writeFileSync(join(machine.etc, 'rc.conf'), lines.map((line) => `${line}\n`).join(''));

/** What the kernel said about the CPU at boot. */
export const cpu = (line: string): Change => write('var/run/dmesg.boot', `CPU: some CPU\n${line}`);

/** Several changes, one after the other. */
export const all =
  (...changes: readonly Change[]): Change =>
  (machine) =>
    changes.forEach((change) => change(machine));

/** vmm is loaded. */
export const VMM: Change = (machine) => machine.put('modules', 'kernel\nvmm\n');

/** An AMD processor with its IOMMU switched on. */
export const AMD = all(
  (machine) => machine.put('acpi-tables', 'XSDT\nIVRS\n'),
  cpu('  SVM: NP,NRIP,AFlush,NAsids=16\n'),
  sysctl('hw.vmm.vmx.initialized', '0'),
  sysctl('hw.vmm.vmx.cap.unrestricted_guest', '0'),
);

/** Another card in the same place, and a bundle for it. */
export const id =
  (vendor: string, device: string): Change =>
  (machine) => {
    machine.put(
      'pciconf',
      machine.get('pciconf').replace('vendor=0x8086 device=0x24f3', `vendor=0x${vendor} device=0x${device}`),
    );
    machine.edit('vm.conf', '8086:24f3', `${vendor}:${device}`);
  };
