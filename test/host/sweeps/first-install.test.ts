import { it } from 'vitest';
import { firstInstall } from './commands.ts';
import { sweep } from './sweep.ts';

it(`${firstInstall.name}: any call may fail or be the last one`, { timeout: 900_000 }, async () =>
  sweep(firstInstall),
);
