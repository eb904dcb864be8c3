import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

// "a=1 b=$a": dash gives b the new value of a, FreeBSD's sh the old one (13.2): it expands all values first.

const ROOT = new URL('../../', import.meta.url).pathname;
const FOLDERS = [
  'overlays/host',
  'overlays/host/lib',
  'overlays/host/rc.d',
  'overlays/shared',
  'test/freebsd',
];
const PARTS = ['test/freebsd/lib', 'test/freebsd/fakes'];

const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|\$\{[^}]*\}|[^\s;&|"')])*`;
const ASSIGNMENT = String.raw`[A-Za-z_]\w*=${VALUE}`;
const ROW = new RegExp(
  String.raw`(?:^|[;&|(){]|\b(?:then|do|else|local)\b)\s*(${ASSIGNMENT}(?:\s+${ASSIGNMENT})+)`,
  'g',
);

/** The names that are set and used again in one row of assignments. */
function usedAtOnce(line: string): string[] {
  return [...line.matchAll(ROW)].flatMap(([, row = '']) => {
    const set: string[] = [];
    return [...row.matchAll(new RegExp(`([A-Za-z_]\\w*)=(${VALUE})`, 'g'))].flatMap(
      ([, name = '', value = '']) => {
        const used = set.filter((one) => new RegExp(`\\$\\{?#?${one}\\b`).test(value));
        set.push(name);
        return used;
      },
    );
  });
}

const scripts = (): string[] =>
  [...FOLDERS, ...PARTS].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(awk|tsv|md|yaml|mustache)$/.test(entry.name))
      .map((entry) => join(folder, entry.name)),
  );

describe('no assignment counts on another one of the same row', () => {
  it.each(scripts())('%s', (path) => {
    const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
    expect(lines.filter((line) => !/^\s*#/.test(line) && usedAtOnce(line).length > 0)).toEqual([]);
  });

  it('finds those that do', () => {
    expect(usedAtOnce('  name=${text%%=*} value=${text#*=} value=${value%x}')).toEqual(['value']);
    expect(usedAtOnce('local pid="$1" left="$pid"')).toEqual(['pid']);
    expect(usedAtOnce('*) place=$1 id=${place#* } ;;')).toEqual(['place']);
    expect(usedAtOnce('name=$1 value="$2" name2=$name3')).toEqual([]);
  });
});
