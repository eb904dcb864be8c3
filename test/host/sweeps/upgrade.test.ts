import { it } from 'vitest';
import { upgrade } from './commands.ts';
import { sweep } from './sweep.ts';

it(`${upgrade.name}: any call may fail or be the last one`, { timeout: 900_000 }, async () => sweep(upgrade));
