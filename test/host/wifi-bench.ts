import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from './machine.ts';
import { provideKeys } from './service-bench.ts';

export const CONTROL = '/usr/libexec/airhive/wifi-control';

/**
 * A machine whose guest runs and answers vm_wifi with these words. A word that begins with ! is a failure. While there is
 * a file `guest/stays` its answers do not end.
 */
export async function withGuest(answers: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const machine = new Machine();
  provideKeys(machine.data);
  await machine.up();
  const cases = Object.entries(answers).map(([verb, text]) => {
    machine.put(`guest/answer-${verb}`, text.replace(/^!/, ''));
    const status = text.startsWith('!') ? 1 : 0;
    return `'${CONTROL} ${verb}'*) cat answer-${verb}; while [ -e stays ]; do sleep 1; done; exit ${status} ;;`;
  });
  const run = `#!/bin/sh\ncat >"input-$(echo "$1" | cut -d' ' -f2)"\ncase $1 in\n${cases.join('\n')}\nesac\nexit 2\n`;
  writeFileSync(join(machine.state, 'guest/run'), run, { mode: 0o755 });
  return machine;
}
