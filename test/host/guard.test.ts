import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isAlive, kill, processesOf, until } from './processes.ts';

const VITEST = new URL('../../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
const HERE = new URL('.', import.meta.url).pathname;

it('a run that is killed leaves no process and no machine', { timeout: 120_000 }, async () => {
  // A run of its own, with a guest that is up and a test that waits for ever.
  const folder = join(HERE, `../../node_modules/.cache/airhive-host/killed-${process.pid}`);
  const told = join(folder, 'told');
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, 'killed.test.ts'),
    `import { renameSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { Machine } from '${HERE}machine.ts';
it('waits', { timeout: 600_000 }, async () => {
  const machine = new Machine();
  await machine.up();
  writeFileSync('${told}.new', JSON.stringify({ root: machine.root, pids: [process.pid, ...machine.guests()] }));
  renameSync('${told}.new', '${told}');
  await new Promise(() => setInterval(() => undefined, 1000));
});
`,
  );
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `export default { test: { root: '${folder}', include: ['*.test.ts'], globalSetup: ['${HERE}tools.ts'] } };\n`,
  );
  const run = spawn(process.execPath, [VITEST, 'run', '--config', join(folder, 'vitest.config.ts')], {
    stdio: 'ignore',
    env: { ...process.env, AIRHIVE_TEST_MACHINES: undefined },
  });
  const ended = once(run, 'exit');
  while (!existsSync(told)) await new Promise((done) => setTimeout(done, 50));
  const { root, pids } = JSON.parse(readFileSync(told, 'utf8')) as { root: string; pids: number[] };
  expect(pids.map(isAlive)).toEqual([true, true]);
  const left = (): number[] => [...pids.filter(isAlive), ...processesOf(root)];
  kill(run.pid ?? 0, 'SIGKILL');
  await ended;
  await until(
    () => left().length === 0 && !existsSync(root),
    () => `the end of ${left().join(' ')} and of ${root}`,
  );
});
