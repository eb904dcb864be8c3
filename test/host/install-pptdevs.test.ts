import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apply, laptop, read, settings } from './installing.ts';

describe('pptdevs', () => {
  const cards = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${100 + index}/0/0`).join(' ');

  it.each([
    ['pptdevs="6/0/0"\n', '', 'pptdevs2="4/0/0"'],
    ['', 'pptdevs="6/0/0"\n', 'pptdevs2="4/0/0"'],
    ['pptdevs="4/0/0"\n', '', null],
    ['pptdevs="1/0/0"\npptdevs2="2/0/0"\npptdevs3="3/0/0"\n', '', 'pptdevs="1/0/0 4/0/0"'],
    [`pptdevs="${cards(16)}"\npptdevs2="2/0/0"\npptdevs3="3/0/0"\n`, '', 'pptdevs2="2/0/0 4/0/0"'],
    ['pptdevs2="2/0/0"\npptdevs3="3/0/0"\n', 'pptdevs="1/0/0"\n', 'pptdevs2="2/0/0 4/0/0"'],
  ])('loader.conf %j, loader.conf.local %j', async (main, local, line) => {
    const machine = laptop();
    writeFileSync(join(machine.boot, 'loader.conf'), main);
    if (local !== '') writeFileSync(join(machine.boot, 'loader.conf.local'), local);
    await apply(machine);
    const ours = settings(read(machine.boot, 'loader.conf.d/airhive.conf')).filter((text) =>
      text.startsWith('pptdevs'),
    );
    expect(ours).toEqual(line === null ? [] : [line]);
    expect(read(machine.boot, 'loader.conf')).toBe(main);
    await machine.reboot();
    expect(machine.get('pciconf')).toContain('ppt0@pci0:4:0:0');
  });

  it('all full', async () => {
    const machine = laptop();
    const full = ['pptdevs', 'pptdevs2', 'pptdevs3'].map((name) => `${name}="${cards(16)}"\n`).join('');
    writeFileSync(join(machine.boot, 'loader.conf'), full);
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('pptdevs, pptdevs2 and pptdevs3 are full');
  });
});
