#!/usr/bin/env node
'use strict';
// Starts the compiled program (tools/compile.js) with V8's code cache, which saves compiling it again at each start. Node does
// not use the cache of another release, and nothing else changes.
// A program older than its source is compiled anew first, so that `git pull` or an edit cannot build with old code.
// This file is read by every Node since 6: what it says about an old one must get that far.
const { existsSync, readFileSync, statSync, writeFileSync } = require('fs');
const { dirname, join } = require('path');

const root = join(__dirname, '..');
const problem = nodeProblem(process.versions.node);
if (problem) refuse(problem);
// Set by tools/compile.js, which makes the cache by running the program that it has just written.
else if (process.env.AIRHIVE_WRITE_CODE_CACHE) start(process.env.AIRHIVE_WRITE_CODE_CACHE);
else startCurrent();

/** zlib.crc32 came with 20.15 and 22.2; what package.json names under "engines" is what is tested. */
function nodeProblem(version) {
  const [major, minor] = version.split('.').map(Number);
  const fits = major === 20 ? minor >= 19 : major === 22 ? minor >= 12 : major > 22;
  return fits ? '' : `airhive needs Node 20.19, or 22.12 and newer; this is Node ${version}`;
}

function refuse(message) {
  console.error(`error: ${message}`);
  process.exitCode = 4;
}

function startCurrent() {
  let compiled = compiledProgram();
  if (!compiled || changedSources(compiled)) {
    const failed = compile();
    if (failed) return refuse(failed);
    compiled = compiledProgram();
  }
  start(join(root, '.build', compiled.program));
}

/** What tools/compile.js wrote last: { program: its name, sources: { path: { size, mtimeMs, sha256 } } }. */
function compiledProgram() {
  const record = join(root, '.build/compiled.json');
  return existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : undefined;
}

/** Whether a source is not what was compiled. An installed package has no sources, so nothing in it can be too old. */
function changedSources(compiled) {
  if (!existsSync(join(root, 'generators/main.ts'))) return false;
  const touched = Object.keys(compiled.sources).filter((path) => {
    const { size, mtimeMs } = statSync(join(root, path), { throwIfNoEntry: false }) || {};
    return size !== compiled.sources[path].size || mtimeMs !== compiled.sources[path].mtimeMs;
  });
  // A copy, or a branch and back again, has other times and the same text.
  return touched.some((path) => sha256(join(root, path)) !== compiled.sources[path].sha256);
}

function sha256(path) {
  if (!existsSync(path)) return undefined;
  return require('crypto').createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Compiles the sources. Returns why that cannot be done, or ''. */
function compile() {
  const again = 'run "npm ci" in its directory';
  if (!existsSync(join(root, 'node_modules/esbuild')) || !existsSync(join(root, 'tools/compile.js')))
    return `airhive is not compiled, or older than its source: ${again}`;
  const { spawnSync } = require('child_process');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/compile.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  return status === 0 ? '' : `airhive's source changed, and cannot be compiled: ${stderr.trim()}`;
}

function start(program) {
  const { Script } = require('vm');
  const cache = program.replace(/\.cjs$/, '.cache');
  // The compiler writes ASCII only, which is read faster by this name.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(program, 'latin1')}\n})`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(source, { filename: program, cachedData });
  script.runInThisContext()(exports, require, module, program, dirname(program));
  if (process.env.AIRHIVE_WRITE_CODE_CACHE) {
    module.exports.finished.then(() => writeFileSync(cache, script.createCachedData()));
  }
}
