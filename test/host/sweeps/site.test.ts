import { it } from 'vitest';
import { SITE_COMMANDS } from './site.ts';
import { sweep } from './sweep.ts';

it.each(SITE_COMMANDS)('$name: any call may fail or be the last one', { timeout: 600_000 }, async (command) =>
  sweep(command),
);
