// guard.js PREFIX: waits until its input ends, which it does with the process that holds its other end, however that one
// ended. Then it ends every process whose environment names PREFIX, and removes the directories that begin so.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const [prefix] = process.argv.slice(2);

process.stdin.resume().on('end', () => {
  // Once more after the last one: they start others.
  for (let quiet = 0; quiet < 2; quiet++) if (endAll() > 0) quiet = -1;
  for (const name of readdirSync(dirname(prefix)))
    if (name.startsWith(basename(prefix)))
      rmSync(join(dirname(prefix), name), { recursive: true, force: true });
});

function endAll() {
  let count = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid)))
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(prefix)) continue;
      process.kill(Number(pid), 'SIGKILL');
      count++;
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  return count;
}
