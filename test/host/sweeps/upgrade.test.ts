import { describe, it } from 'vitest';
import { upgrade } from './commands.ts';
import { sweepFailed, sweepKilled } from './sweep.ts';

describe(upgrade.name, { timeout: 900_000 }, () => {
  it('any call may fail', async () => {
    console.log(await sweepFailed(upgrade));
  });

  it('it may be killed at any call', async () => {
    console.log(await sweepKilled(upgrade));
  });

  it('the power may fail at any call', async () => {
    console.log(await sweepKilled(upgrade, true));
  });
});
