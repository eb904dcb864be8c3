import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathOf, until, type Machine } from './machine.ts';

/**
 * Runs a shell line in a terminal of its own and types into it when it has printed something. In the line `$RUN_SH`
 * stands for the machine's shell.
 */
export async function onTerminal(
  machine: Machine,
  line: string,
  dialogue: readonly (readonly [seen: RegExp, typed: string])[] = [],
): Promise<{ code: number; shown: string }> {
  const child = spawn(pathOf('script'), ['-qec', line, '/dev/null'], {
    env: { ...machine.variables(), PATH: '/usr/bin:/bin', SHELL: '/bin/sh', RUN_SH: machine.shell.join(' ') },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  const shown = (): string => Buffer.concat(chunks).toString();
  child.stdout.on('data', (bytes: Buffer) => chunks.push(bytes));
  let from = 0;
  for (const [question, answer] of dialogue) {
    await until(() => question.test(shown().slice(from)), `${String(question)} in ${shown().slice(from)}`);
    from = shown().length;
    child.stdin.write(answer);
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, shown: shown() };
}
