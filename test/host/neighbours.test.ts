import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { intel8260, render } from './bundle.ts';
import { Machine } from './machine.ts';

// The snippets for others on the bridge, as far as this machine's part of them goes.

const addition = (machine: Machine, name: string): boolean =>
  machine.get('interfaces/bridge0').includes(`member ${name}\n`);

describe('others on the bridge', () => {
  it.each(['14.3-RELEASE-p2', '15.0-RELEASE'])(
    'a jail: its end of the cable, there and back, on %s',
    (release) => {
      const machine = new Machine();
      machine.put('release', `${release}\n`);
      const text = render('snippets/jail.conf', intel8260);
      const calls = (when: string): string[][] =>
        [...text.matchAll(new RegExp(`exec\\.${when} \\+?= "/sbin/ifconfig ([^"]+)";`, 'g'))].map(
          ([, words = '']) => words.split(' '),
        );
      expect(calls('prestart')).toHaveLength(3);
      for (const words of calls('prestart')) machine.play('ifconfig', ...words);
      expect(addition(machine, 'epair7a')).toBe(true);
      expect(machine.get('interfaces/epair7a')).toContain('up\n');
      const [, inside = ''] = /vnet\.interface = "(\w+)";/.exec(text) ?? [];
      expect(existsSync(join(machine.state, 'interfaces', inside))).toBe(true);
      for (const words of calls('poststop')) machine.play('ifconfig', ...words);
      expect(addition(machine, 'epair7a')).toBe(false);
      expect(addition(machine, 'tap0')).toBe(true);
      expect(text.match(/\{/g)).toHaveLength(text.match(/\}/g)!.length);
      expect(text.split('\n').filter((line) => /^ +[a-z].*[^;{]$/.test(line))).toEqual([]);
    },
  );

  it('another VM: its tap', () => {
    const machine = new Machine();
    const text = render('snippets/other-vm', intel8260);
    const lines = text.split('\n').filter((line) => line.startsWith('/sbin/ifconfig '));
    expect(lines).toHaveLength(3);
    for (const line of lines) machine.play('ifconfig', ...line.split(' ').slice(1));
    expect(addition(machine, 'tap7')).toBe(true);
    expect(machine.get('interfaces/tap7')).toContain('up\n');
  });
});
