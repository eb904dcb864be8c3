// What a publishing CI does, runnable anywhere.
//   ci-bundle.js --list                      the names of all profiles as a JSON list, for a matrix
//   ci-bundle.js NAME [options of build]     builds with ISO, packages and firmware required, checks directory and tar as a
//                                            stranger would, makes the tar again from what is in it, and writes
//                                            NAME.tar.sha256 beside it
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const airhive = fileURLToPath(new URL('../bin/airhive.cjs', import.meta.url));

/** Runs airhive; its messages go through, its result comes back. Ends with its exit code when it fails. */
function run(...args) {
  const { status, stdout } = spawnSync(process.execPath, [airhive, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const result = JSON.parse(stdout);
  if (status === 0) return result;
  console.error(`error: ${result.error.message}`);
  process.exit(status ?? 1);
}

/** Those of the options of build that say where files are looked for and whose are believed. */
function searching(options) {
  return options.flatMap((option, at) => {
    if (option === '--offline') return [option];
    return ['--mirror', '--releases', '--cache', '--keys'].includes(option)
      ? [option, options[at + 1] ?? '']
      : [];
  });
}

function publish(name, options) {
  const { artefacts } = run('build', '--profile', name, '--require-complete', ...options);
  const [folder, tar] = artefacts;
  run('verify', '--public', folder);
  run('verify', '--public', '--rebuild', tar, ...searching(options));
  const digest = createHash('sha256').update(readFileSync(tar)).digest('hex');
  writeFileSync(`${tar}.sha256`, `${digest}  ${basename(tar)}\n`);
  console.log([...artefacts, `${tar}.sha256`].join('\n'));
}

const [name, ...options] = process.argv.slice(2);
if (name === '--list') {
  console.log(JSON.stringify(run('profiles').profiles.map((profile) => profile.name)));
} else if (name === undefined || name.startsWith('-')) {
  console.error('usage: ci-bundle.js --list | NAME [options of build]');
  process.exitCode = 2;
} else {
  publish(name, options);
}
