import { describe, it } from 'vitest';
import { removal, rollback } from './commands.ts';
import { sweepFailed, sweepKilled } from './sweep.ts';

describe.each([rollback, removal])('$name', { timeout: 900_000 }, (command) => {
  it('any call may fail', async () => {
    console.log(await sweepFailed(command));
  });

  it('it may be killed at any call', async () => {
    console.log(await sweepKilled(command));
  });

  it('the power may fail at any call', async () => {
    console.log(await sweepKilled(command, true));
  });
});
