import { it } from 'vitest';
import { removal, rollback } from './commands.ts';
import { sweep } from './sweep.ts';

it.each([rollback, removal])(
  '$name: any call may fail or be the last one',
  { timeout: 900_000 },
  async (command) => sweep(command),
);
