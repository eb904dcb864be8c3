// Compiles generators/ into .build/ once, at install, so that a command never pays for a TypeScript loader: one file,
// and beside it V8's code cache of that file (bin/airhive.cjs), made by running a build in a temporary folder, and the
// manual pages of that build.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = process.argv[2] ?? `${root}.build`;

/**
 * Commander asks for child_process as it loads, for sub-commands that are programs of their own. There are none, and loading
 * it takes longer than loading commander.
 */
const withoutChildProcess = {
  name: 'commander-without-child-process',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[/\\]commander[/\\]/.test(importer) ? { path: 'child_process', namespace: 'unused' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { airhive: 'generators/main.ts', 'hash-thread': 'generators/inputs/hash-thread.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  // CommonJS: Node starts it sooner than modules, and it can carry a code cache in every release.
  format: 'cjs',
  platform: 'node',
  charset: 'ascii',
  target: 'node20.19',
  // A script with a code cache has no import(); Node's own modules are required instead.
  supported: { 'dynamic-import': false },
  minify: true,
  // A bug report with one-letter functions helps nobody.
  keepNames: true,
  legalComments: 'none',
  plugins: [withoutChildProcess],
  define: { 'import.meta.url': 'airhiveModuleUrl' },
  banner: { js: "const airhiveModuleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

const scratch = mkdtempSync(join(tmpdir(), 'airhive-compile-'));
try {
  const warmUp = [
    'build',
    '--profile',
    'intel8260',
    '--offline',
    '--quiet',
    '--out',
    scratch,
    '--cache',
    scratch,
  ];
  spawnSync(process.execPath, [join(root, 'bin/airhive.cjs'), ...warmUp], {
    // Without the cache everything works the same, only later.
    env: { ...process.env, AIRHIVE_WRITE_CODE_CACHE: outdir },
    stdio: 'ignore',
  });
  // For npm, which installs what package.json names: one of the manual pages exists in a bundle only.
  const manual = join(scratch, 'intel8260/man');
  if (existsSync(manual)) cpSync(manual, join(outdir, 'man'), { recursive: true });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
