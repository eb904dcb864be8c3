import { it } from 'vitest';
import { movedCard } from './commands.ts';
import { sweep } from './sweep.ts';

it(`${movedCard.name}: any call may fail or be the last one`, { timeout: 900_000 }, async () =>
  sweep(movedCard),
);
