import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, PAGE, textOf } from './documents.ts';
import { ROOT } from './messages.ts';

/** Where a name in ARCHITECTURE.md may start; the commands and parts of the host are named as in a bundle. */
const STARTS = ['', 'generators', 'overlays/host'];
/** The folders and files at the top of the project, and of overlays/host. */
const TOPS = new Set(STARTS.flatMap((start) => readdirSync(join(ROOT, start))));

/** Every path of the project that a document names in code. */
function pathsIn(text: string): string[] {
  const prose = text.replace(/^ *```[^]*?^ *```/gm, '');
  const spans = [...prose.matchAll(/`([^`\s]+)`/g)].map(([, span = '']) => span);
  return [...new Set(spans)].filter((span) => /^[\w.][\w./-]*$/.test(span) && TOPS.has(span.split('/')[0]!));
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
    // dist/ is what the reader's own build makes.
    const paths = pathsIn(textOf(file)).filter((path) => !path.startsWith('dist/'));
    expect(paths.length).toBeGreaterThan(3);
    const missing = paths.filter((path) => !STARTS.some((start) => existsSync(join(ROOT, start, path))));
    expect(missing).toEqual([]);
  });

  it('ARCHITECTURE.md has every part of the build and every command of the host', () => {
    const text = textOf('ARCHITECTURE.md');
    const folders = readdirSync(join(ROOT, 'generators'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${name}/`);
    const host = readdirSync(join(ROOT, 'overlays/host')).filter((name) => name.startsWith('vm_'));
    expect(host.length).toBeGreaterThan(9);
    expect([...folders, ...host].filter((name) => !text.includes(name))).toEqual([]);
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

  it.each(DOCUMENTS)('links of %s lead somewhere', (file) => {
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

/** A file with tests or checks in it, or a folder of such. */
function isTest(path: string): boolean {
  if (path.endsWith('/')) return readdirSync(join(ROOT, path)).some((name) => name.endsWith('.test.ts'));
  return /\b(it|describe|check|test)(\.\w+)*\(/.test(readFileSync(join(ROOT, path), 'utf8'));
}
