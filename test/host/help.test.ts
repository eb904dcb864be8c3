import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Machine } from './machine.ts';

it('the help of every command fits a console of 80 columns', async () => {
  const machine = new Machine({ host: 'laptop' });
  const commands = readdirSync(machine.bundle).filter((name) => /^(vm_[a-z]+|airhivectl)$/.test(name));
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands) {
    const { code, said } = await machine.call(command, '--help');
    const text = said.replaceAll(machine.root, '');
    expect([command, code, text.split('\n').filter((line) => line.length > 80)]).toEqual([command, 0, []]);
    expect(text).toContain(command);
  }
});
