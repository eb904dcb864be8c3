#!/usr/bin/env node
'use strict';
// Starts the compiled program (npm run prepare) with V8's code cache, which saves compiling it again at each start. A cache of
// another Node release is not used, and nothing else changes.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const folder = process.env.AIRHIVE_WRITE_CODE_CACHE ?? join(__dirname, '..', '.build');
const program = join(folder, 'airhive.cjs');
const cache = join(folder, 'airhive.cache');

if (existsSync(program)) start();
else {
  console.error('error: airhive is not compiled yet: run "npm ci" in its folder');
  process.exitCode = 4;
}

function start() {
  // The compiler writes ASCII only, which is read faster by this name.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(program, 'latin1')}\n})`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(source, { filename: program, cachedData });
  script.runInThisContext()(exports, require, module, program, folder);
  if (process.env.AIRHIVE_WRITE_CODE_CACHE) {
    module.exports.finished.then(() => writeFileSync(cache, script.createCachedData()));
  }
}
