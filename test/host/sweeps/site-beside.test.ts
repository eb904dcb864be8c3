import { it } from 'vitest';
import { siteBeside } from './commands.ts';
import { sweep } from './sweep.ts';

it(`${siteBeside.name}: any call may fail or be the last one`, { timeout: 900_000 }, async () =>
  sweep(siteBeside),
);
