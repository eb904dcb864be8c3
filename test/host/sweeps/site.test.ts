import { describe, it } from 'vitest';
import { SITE_COMMANDS } from './site.ts';
import { sweepFailed, sweepKilled } from './sweep.ts';

describe('vm_site', { timeout: 600_000 }, () => {
  it.each(SITE_COMMANDS)('$name: any call may fail', async (command) => {
    console.log(await sweepFailed(command));
  });

  it.each(SITE_COMMANDS)('$name: may be killed at any call', async (command) => {
    console.log(await sweepKilled(command));
  });

  it.each(SITE_COMMANDS)('$name: the power may fail at any call', async (command) => {
    console.log(await sweepKilled(command, true));
  });
});
