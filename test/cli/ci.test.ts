import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { airhive } from './command.ts';
import { sandbox } from './rooms.ts';

const TOOL = fileURLToPath(new URL('../../tools/ci.js', import.meta.url));
const PUBLISHED = ['mine.tar', 'mine.pkg', 'mine.cdx.json'];
const CHANGES =
  '# Changelog\n\n## Not released yet\n\n- Later.\n\n## 1.2.3\n\n- Now.\n\n## 1.2.2\n\n- Before.\n';

/** A checkout of airhive with one profile, and a mirror with all that it asks for; runs the steps of a publishing CI in it. */
async function checkout() {
  const room = await sandbox();
  const root = join(room.cwd, 'checkout');
  const program = inject('airhive');
  mkdirSync(join(root, 'tools'), { recursive: true });
  mkdirSync(join(root, 'profiles'));
  for (const part of ['docs', 'overlays', '.build']) symlinkSync(join(program, part), join(root, part));
  cpSync(join(program, 'bin'), join(root, 'bin'), { recursive: true });
  copyFileSync(TOOL, join(root, 'tools/ci.js'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module", "version": "1.2.3" }');
  writeFileSync(join(root, 'CHANGELOG.md'), CHANGES);
  copyFileSync(join(room.cwd, 'mine.yaml'), join(root, 'profiles/mine.yaml'));
  copyFileSync(join(room.cwd, 'pins.yaml'), join(root, 'profiles/releases.yaml'));
  copyFileSync(join(program, 'profiles/cards.yaml'), join(root, 'profiles/cards.yaml'));
  cpSync(join(room.cwd, 'keys'), join(root, 'profiles/keys'), { recursive: true });
  const ci = (...words: string[]) => airhive(words, { root, cwd: root, program: 'tools/ci.js' });
  const from = ['--mirror', room.mirror.url, '--keys', 'profiles/keys', '--cache', 'cache'];
  const at = (path: string) => join(root, path);
  const text = (path: string) => readFileSync(at(path), 'utf8');
  return { ...room, root, ci, from, at, text };
}

/** Lines of sha256sum for what is published. */
const sumsOf = (directory: string): string =>
  PUBLISHED.map((name) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex');
    return `${digest}  ${name}\n`;
  }).join('');

function git(cwd: string, ...words: string[]): void {
  const user = ['-c', 'user.name=airhive', '-c', 'user.email=airhive@example.org'];
  const { status, stderr } = spawnSync('git', [...user, ...words], { cwd, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
}

describe('the steps of a CI that publishes', () => {
  it('make a release of what is on the default branch: sums, notes and a signature', async () => {
    const { ci, root, from, at, text } = await checkout();
    const bundle = await ci('bundle', '--all', '--out', 'release', ...from);
    expect([bundle.code, bundle.stdout.trimEnd().split('\n')]).toEqual([
      0,
      [...PUBLISHED, 'mine.sha256'].map((name) => `release/${name}`),
    ]);
    expect(text('release/mine.sha256')).toBe(sumsOf(at('release')));
    git(root, 'init', '-q', '-b', 'main');
    git(root, 'add', 'package.json');
    git(root, 'commit', '-q', '-m', 'One');
    git(root, 'branch', 'merged');
    const release = (...options: string[]) => ci('release', 'v1.2.3', 'release', ...options);
    expect((await release('--branch', 'main')).code).toBe(0);
    expect(text('release/SHA256SUMS')).toBe(sumsOf(at('release')));
    expect(text('release/NOTES.md')).toMatch(/^- Now\.\n/);
    expect(text('release/NOTES.md')).not.toMatch(/Later|Before/);
    expect((await release('--sign', 'cp -v SHA256SUMS SHA256SUMS.sig; test -s')).code).toBe(0);
    expect(text('release/SHA256SUMS.sig')).toBe(text('release/SHA256SUMS'));
    const unsigned = await release('--sign', 'false');
    expect([unsigned.code, unsigned.stderr]).toEqual([
      4,
      expect.stringContaining('SHA256SUMS is not signed: '),
    ]);
    git(root, 'commit', '-q', '--allow-empty', '-m', 'Two');
    const unmerged = await release('--branch', 'merged');
    expect([unmerged.code, unmerged.stderr]).toEqual([4, expect.stringContaining('is not on merged')]);
    expect((await release('--branch', '')).code).toBe(2);
    writeFileSync(at('package.json'), '{ "type": "module", "version": "1.2.4" }');
    writeFileSync(at('CHANGELOG.md'), CHANGES.replace('1.2.3', '1.2.4'));
    const older = await ci('release', 'v1.2.4', 'release');
    expect([older.code, older.stderr]).toEqual([
      4,
      expect.stringContaining('release/mine.tar was made by airhive 1.2.3, and this is 1.2.4'),
    ]);
  });

  it('end with the exit code of airhive when something is missing', async () => {
    const { ci, from, files } = await checkout();
    for (const path of Object.keys(files)) if (path.includes('iptables')) Reflect.deleteProperty(files, path);
    const { code, stderr } = await ci('bundle', 'mine', ...from);
    expect([code, stderr]).toEqual([5, expect.stringContaining('iptables')]);
  });

  it('fetch nothing with --offline, and then require nothing', async () => {
    const { ci, mirror, from, at } = await checkout();
    mkdirSync(at('dist'));
    writeFileSync(at('dist/mine.sha256'), 'of an earlier build');
    expect((await ci('bundle', 'mine', '--offline', ...from)).code).toBe(0);
    // What has no sums cannot be released.
    expect(existsSync(at('dist/mine.sha256'))).toBe(false);
    expect(mirror.requests).toEqual([]);
  });

  it('publish nothing without tag, notes and files that fit, and no others', async () => {
    const { ci, at } = await checkout();
    const refused = async (words: string[], status: number, message: string) => {
      const { code, stderr } = await ci('release', ...words);
      expect([code, stderr]).toEqual([status, expect.stringContaining(message)]);
    };
    mkdirSync(at('files/mine'), { recursive: true });
    for (const name of PUBLISHED) writeFileSync(at(`files/${name}`), name);
    writeFileSync(at('files/mine.sha256'), sumsOf(at('files')));
    await refused(['v1.2.3'], 2, 'usage: ci.js');
    await refused(['v1.2.4', 'files'], 4, 'the tag is v1.2.4, and package.json says version 1.2.3');
    await refused(['v1.2.3', 'tools'], 4, 'tools/mine.sha256 cannot be read (ENOENT)');
    await refused(['v1.2.3', 'files'], 6, 'mine.tar');
    writeFileSync(at('files/mine.site.img'), 'secrets');
    await refused(['v1.2.3', 'files'], 4, 'files has files of no profile: mine.site.img');
    writeFileSync(at('files/mine.cdx.json'), '{}');
    await refused(['v1.2.3', 'files'], 6, 'files/mine.cdx.json: checksum mismatch with mine.sha256');
    writeFileSync(at('CHANGELOG.md'), '# Changelog\n\n## Not released yet\n');
    await refused(['v1.2.3', 'files'], 4, 'CHANGELOG.md has no section "## 1.2.3"');
    expect(existsSync(at('files/SHA256SUMS'))).toBe(false);
  });
});

describe('docs/publish.md', () => {
  const page = readFileSync(new URL('../../docs/publish.md', import.meta.url), 'utf8');
  const shown = [...page.matchAll(/npm run ci:(bundle|release) -- ((?:.*(?:\n +--.*)*))/g)].map(
    ([, verb = '', words = '']) => `${verb} ${words.replace(/ +#.*/, '').trim()}`,
  );
  /** What its commands leave to the reader, and what the shell of a CI makes of it. */
  const filledIn = (words: string): string =>
    words
      .replace(/v0\.2\.0|"\$TAG"|"\$tag"|"\$CI_COMMIT_TAG"/, 'v1.2.3')
      .replace('./laptop.yaml', './profiles/mine.yaml')
      .replace('$OFFLINE', '--offline')
      .replace(/"?origin\/(main|\$CI_DEFAULT_BRANCH)"?/, 'main')
      .replace(/--sign (['"]).*?\1/, '--sign "test -s"');

  const commands = new Set(shown.map(filledIn));

  it('shows commands that work, one after the other', async () => {
    const { ci, root, from, at } = await checkout();
    git(root, 'init', '-q', '-b', 'main');
    git(root, 'add', 'package.json');
    git(root, 'commit', '-q', '-m', 'One');
    expect(shown.length).toBeGreaterThan(8);
    for (const command of commands) {
      const [verb = '', ...words] = command.match(/"[^"]*"|\S+/g) ?? [];
      const options = words.map((word) => word.replaceAll('"', ''));
      const { code, stderr } = await ci(verb, ...options, ...(verb === 'bundle' ? from : []));
      expect([command, code], stderr).toEqual([command, 0]);
    }
    expect(existsSync(at('dist/SHA256SUMS'))).toBe(true);
  });

  it('has files for other CIs that are YAML', () => {
    const files = [...page.matchAll(/^```yaml\n# (\S+)\n([^]*?)^```/gm)];
    expect(files.map(([, name]) => name)).toEqual([
      '.gitlab-ci.yml',
      '.forgejo/workflows/release.yml',
      '.build.yml',
    ]);
    for (const [, name, text = ''] of files) expect([name, parse(text)]).toEqual([name, expect.any(Object)]);
  });
});
