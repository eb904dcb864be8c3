// Compiles generators/ into .build/, so that a command never pays for a TypeScript loader: one file, and beside it V8's code
// cache of that file (bin/airhive.cjs), made by running a build in a temporary directory.
// npm runs it at install, and bin/airhive.cjs when a source has changed. A command that runs meanwhile keeps its program: each
// program has a name of its own, and compiled.json, written last, says which one counts.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The file is there whole or not at all. */
function write(name, bytes) {
  const temporary = join(outdir, `${name}.${process.pid}.tmp`);
  writeFileSync(temporary, bytes);
  renameSync(temporary, join(outdir, name));
}

/** What bin/airhive.cjs compares: size, time and digest of every file that may go into the program, and of this one. */
function sources() {
  const listed = readdirSync(join(root, 'generators'), { recursive: true, encoding: 'utf8' });
  const paths = listed.filter((path) => path.endsWith('.ts')).map((path) => `generators/${path}`);
  return [...paths, 'tools/compile.js'].sort().map((path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    return [path, { size, mtimeMs, sha256: sha256(readFileSync(join(root, path))) }];
  });
}

async function bundle() {
  const { build } = await import('esbuild').catch(() => {
    console.error('error: esbuild is missing: run "npm ci" without leaving out the devDependencies');
    process.exit(4);
  });
  return build({
    absWorkingDir: root,
    entryPoints: { airhive: 'generators/main.ts', 'hash-thread': 'generators/inputs/hash-thread.ts' },
    outdir,
    outExtension: { '.js': '.cjs' },
    write: false,
    metafile: true,
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
    logLevel: 'error',
    plugins: [withoutChildProcess],
    define: { 'import.meta.url': 'airhiveModuleUrl' },
    banner: { js: "const airhiveModuleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
}

/**
 * The npm packages that have a part in the program, for the list of parts in every bundle. What package-lock.json says of
 * them is the same on every machine, but for the address that they were fetched from.
 */
function bundledPackages({ outputs }) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0),
  );
  // Where node_modules is a link, what it leads to stands before it.
  const places = used.flatMap(
    (path) => /(?:node_modules\/(?:@[^/]+\/)?[^/]+\/)+/.exec(path)?.[0].slice(0, -1) ?? [],
  );
  const nameOf = (place) => place.replace(/^.*node_modules\//, '');
  const all = [...new Set(places)].sort();
  const names = all.map(nameOf);
  return all.map((place) => {
    const { version, license, integrity, dependencies = {} } = packages[place];
    const name = nameOf(place);
    return {
      name,
      version,
      license: license ?? '',
      integrity,
      direct: name in packages[''].devDependencies,
      dependsOn: Object.keys(dependencies).filter((other) => names.includes(other)),
    };
  });
}

/** Runs a build, which makes bin/airhive.cjs write the code cache. Without it everything works the same, only later. */
function warmUp(program) {
  const scratch = mkdtempSync(join(tmpdir(), 'airhive-compile-'));
  try {
    const build = [
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
    spawnSync(process.execPath, [join(root, 'bin/airhive.cjs'), ...build], {
      env: { ...process.env, AIRHIVE_WRITE_CODE_CACHE: join(outdir, program) },
      stdio: 'ignore',
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Programs of earlier sources go, but for the last one, which may still be starting. */
function removeOthers(...kept) {
  const names = kept.filter((name) => name !== undefined).map((name) => name.replace('.cjs', ''));
  for (const file of readdirSync(outdir)) {
    if (file.startsWith('airhive') && !names.some((name) => file.startsWith(name)))
      rmSync(join(outdir, file), { force: true });
  }
}

mkdirSync(outdir, { recursive: true });
const record = join(outdir, 'compiled.json');
const previous = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')).program : undefined;
// Looked at before they are read: an edit meanwhile is then seen as one.
const before = sources();
const { outputFiles, metafile } = await bundle();
const [airhive, hashThread] = ['airhive.cjs', 'hash-thread.cjs'].map(
  (name) => outputFiles.find(({ path }) => path.endsWith(name)).contents,
);
const program = `airhive-${sha256(airhive).slice(0, 16)}.cjs`;
write('hash-thread.cjs', hashThread);
write('packages.json', `${JSON.stringify(bundledPackages(metafile), null, 1)}\n`);
write(program, airhive);
warmUp(program);
const used = before.filter(([path]) => path in metafile.inputs || path === 'tools/compile.js');
write('compiled.json', `${JSON.stringify({ program, sources: Object.fromEntries(used) }, null, 1)}\n`);
removeOthers(program, previous);
