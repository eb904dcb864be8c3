import { describe, expect, it } from 'vitest';
import { hostSources, hostTree, textAt } from '../fixtures/machines.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';
import { PAGE, stepsOfBundle, textOf } from './documents.ts';

/** A console of FreeBSD has 80 columns, and who is offline reads there. */
const WIDTH = 80;

const tooLong = (text: string): string[] => text.split('\n').filter((line) => line.length > WIDTH);

describe('what is read on a console fits it', () => {
  it('the troubleshooting page', () => {
    expect(tooLong(textOf(PAGE))).toEqual([]);
    expect(hostSources.troubleshooting.toString()).toBe(textOf(PAGE));
  });

  it.each([
    ...Object.entries(VARIANTS),
    ['long names', variant({ host: { directory: '/usr/local/share/vm/wireless', freebsd: '14.3' } })],
  ] as const)('README.txt of %s', (_, profile) => {
    const text = textAt(hostTree(profile), 'README.txt');
    expect(tooLong(text)).toEqual([]);
    // Its paragraphs are as wide as they may be, its commands alone on their lines.
    expect(text).toMatch(/^.{70,80}$/m);
    expect(text).toContain('\n  ./vm_install apply\n  shutdown -r now\n\n');
  });

  it('README.txt is what its other tests read', () => {
    expect(textAt(hostTree(variant()), 'README.txt').replace(/^airhive .*/, '')).toBe(
      stepsOfBundle().replace(/^airhive .*/, ''),
    );
  });
});
