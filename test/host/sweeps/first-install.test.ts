import { describe, it } from 'vitest';
import { firstInstall } from './commands.ts';
import { sweepFailed, sweepKilled } from './sweep.ts';

describe(firstInstall.name, { timeout: 900_000 }, () => {
  it('any call may fail', async () => {
    console.log(await sweepFailed(firstInstall));
  });

  it('it may be killed at any call', async () => {
    console.log(await sweepKilled(firstInstall));
  });

  it('the power may fail at any call', async () => {
    console.log(await sweepKilled(firstInstall, true));
  });
});
