import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, NOTES, PAGE, textOf } from './documents.ts';
import { ROOT } from './messages.ts';

/** Where a name in ARCHITECTURE.md may start; the commands and parts of the host are named as in a bundle. */
const STARTS = ['', 'generators', 'overlays/host'];
/** The directories and files at the top of the project, and of overlays/host; dist/ is what the reader's own build makes. */
const TOPS = new Set(
  STARTS.flatMap((start) => readdirSync(join(ROOT, start))).filter((name) => name !== 'dist'),
);

/** The files that a reader of CONTRIBUTING.md makes. */
const MADE_BY_RECIPES = /\/(vm_ping|ping\.test\.ts|clock|airhive-clock|clock\.test\.ts)$/;

const isThere = (path: string): boolean => STARTS.some((start) => existsSync(join(ROOT, start, path)));

/** Every path of the project that a document names in code. */
function pathsIn(text: string): string[] {
  const prose = text.replace(/^ *```[^]*?^ *```/gm, '');
  const words = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, span = '']) => span.split(/\s+/));
  return [...new Set(words)].filter((span) => /^[\w.][\w./-]*$/.test(span) && TOPS.has(span.split('/')[0]!));
}

/** The names of headings, as links use them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('paths in the documents', () => {
  it.each(['README.md', 'ARCHITECTURE.md'])('of %s are there', (file) => {
    const paths = pathsIn(textOf(file));
    expect(paths.length).toBeGreaterThan(3);
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });

  it.each(NOTES)('of %s are there', (file) => {
    expect(pathsIn(textOf(file)).filter((path) => !isThere(path) && !MADE_BY_RECIPES.test(path))).toEqual([]);
  });

  it('of notes that comments cite are there', () => {
    const cited = ['generators', 'overlays', 'test', 'tools'].flatMap(filesBelow).flatMap((file) => {
      const found = textOf(file).matchAll(/\bdocs\/notes\/[a-z-]+\.md\b/g);
      return [...found].map(([note]) => note);
    });
    expect(cited.length).toBeGreaterThan(5);
    expect([...new Set(cited)].filter((note) => !NOTES.includes(note))).toEqual([]);
  });

  it('ARCHITECTURE.md has every part of the build and every command of the host', () => {
    const text = textOf('ARCHITECTURE.md');
    const parts = readdirSync(join(ROOT, 'generators'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${name}/`);
    const host = readdirSync(join(ROOT, 'overlays/host')).filter((name) => name.startsWith('vm_'));
    expect(host.length).toBeGreaterThan(9);
    expect([...parts, ...host].filter((name) => !text.includes(name))).toEqual([]);
  });

  it('each promise of ARCHITECTURE.md has a place and a test', () => {
    const [, rest = ''] = textOf('ARCHITECTURE.md').split(/^## Promises and their tests$/m);
    const [section = ''] = rest.split(/^## /m);
    const rows = [...section.matchAll(/^\| (?!-|promise)(.*?) +\| (.*?) +\| (.*?) +\|$/gm)];
    expect(rows.length).toBeGreaterThan(20);
    for (const [, promise, place = '', proof = ''] of rows) {
      expect([promise, pathsIn(place).length > 0]).toEqual([promise, true]);
      const tests = pathsIn(proof).filter((path) => path.startsWith('test/'));
      expect([promise, tests.length > 0, tests.filter((path) => !isTest(path))]).toEqual([promise, true, []]);
    }
  });

  it.each([...DOCUMENTS, ...NOTES])('links of %s lead somewhere', (file) => {
    const links = [...textOf(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    if (file === PAGE) expect(links.length).toBeGreaterThan(10);
    for (const [link, path = '', anchor] of links) {
      const target = path === '' ? file : join(dirname(file), path);
      expect([link, existsSync(join(ROOT, target))]).toEqual([link, true]);
      if (anchor !== undefined) expect(anchorsOf(textOf(target))).toContain(anchor);
    }
  });

  it('the README leads to the troubleshooting page', () => {
    expect(textOf('README.md')).toContain(`](${PAGE})`);
  });
});

/** The texts below a directory of the project: everything but pictures of disks and archives. */
function filesBelow(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|awk|mustache)$|^[a-z_-]+$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

/** A file with tests or checks in it, or a directory of such. */
function isTest(path: string): boolean {
  if (path.endsWith('/')) return readdirSync(join(ROOT, path)).some((name) => name.endsWith('.test.ts'));
  return /\b(it|describe|check|test)(\.\w+)*\(/.test(readFileSync(join(ROOT, path), 'utf8'));
}
