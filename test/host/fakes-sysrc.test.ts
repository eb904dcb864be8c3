import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

describe('sysrc', () => {
  it.each([
    ['a="1"\nb="2"\n', 'a=3', 'a="3"\nb="2"\n'],
    ['a="1"\na="2" # why\n', 'a=3', 'a="1"\na="3" # why\n'],
    ["a='1' # 'x'\n", 'a=3', "a='3' # 'x'\n"],
    ['a=1 # x\n', 'a=3', 'a="3" # x\n'],
    ['  a="1"\n', 'a=', '  a=""\n'],
    ['a="1"\n', 'b=x y', 'a="1"\nb="x y"\n'],
    ['a="1"', 'b=2', 'a="1"b="2"\n'],
    ['l="x y"\n', 'l+=y z', 'l="x y z"\n'],
    ['l="x y z"\n', 'l-=y q', 'l="x z"\n'],
    ['l="x,y"\n', 'l+=,z', 'l="x,y,z"\n'],
    ['', 'l+=z', 'l="z"\n'],
    ['a="1"\n# a\nb="2"\n  a="3" # x\n', '-x a', '# a\nb="2"\n'],
  ])('%j %s', (before, word, after) => {
    const machine = new Machine();
    const file = join(machine.root, 'tmp/rc');
    writeFileSync(file, before);
    const options = word.startsWith('-x ') ? ['-x', word.slice(3)] : [word];
    machine.play('sysrc', '-f', file, ...options);
    expect(readFileSync(file, 'utf8')).toBe(after);
  });
});
