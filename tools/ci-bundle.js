// ci-bundle.js NAME [build options...]: what a publishing CI does for one profile, runnable anywhere.
// Builds with the ISO required, checks folder and tar as a stranger would, and writes NAME.tar.sha256 beside the tar.
// Without a name: prints the names of all profiles as a JSON list, for a CI matrix.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const airhive = fileURLToPath(new URL('../bin/airhive.cjs', import.meta.url));

function run(...args) {
  const { status, stdout } = spawnSync(process.execPath, [airhive, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

const [name, ...options] = process.argv.slice(2);
if (name === undefined) {
  const { profiles } = JSON.parse(run('profiles', '--json'));
  console.log(JSON.stringify(profiles.map((profile) => profile.name)));
} else {
  process.stdout.write(run('build', '--profile', name, '--require-iso', ...options));
  const at = options.indexOf('--out');
  const tar = `${name}.tar`;
  const path = join(at >= 0 ? options[at + 1] : 'dist', tar);
  process.stdout.write(run('verify', '--public', path));
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  writeFileSync(`${path}.sha256`, `${digest}  ${tar}\n`);
  console.log(`${path}.sha256`);
}
