import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveOf } from './log-bench.ts';
import { Machine, until } from './machine.ts';
import { provideKeys } from './service-bench.ts';
import { guestRuns, siteOk } from './site-bench.ts';

// A guest that never ends what it says: neither the disk nor the memory of the host belongs to it.

const FLOODS: Readonly<Record<string, string>> = {
  'lines without end': 'yes "bss 00:11:22:33:44:55\t2412\t-50\t[ESS]\tname"',
  'a line without end': 'yes "bss x" | tr -d "\\n"',
  'errors without end': 'yes "words that are no answer" >&2',
  'an error without end': 'yes "words that are no answer" | tr -d "\\n" >&2',
};

/** A machine whose guest answers whatever it is asked with a flood. */
async function flooded(command: string): Promise<Machine> {
  const machine = new Machine();
  provideKeys(machine.data);
  await machine.up();
  writeFileSync(join(machine.state, 'guest/run'), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return machine;
}

/** The bytes of all files in a folder. */
function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

describe.each(Object.keys(FLOODS))('%s', (name) => {
  const flood = async (): Promise<Machine> => flooded(FLOODS[name]!);

  it.each([
    ['vm_wifi', 'scan'],
    ['vm_wifi', 'join', 'Home'],
    ['vm_wifi', 'forget', 'Home'],
  ])('%s %s says so and keeps nothing of it', async (...words) => {
    const machine = await flood();
    const ended = await machine.tell('a passphrase', ...(words as unknown as [string, string]));
    expect(ended).toMatchObject({
      code: 5,
      said: 'vm_wifi: the guest cannot be asked over ssh: it said more than 256 KB, which no guest of ours does\n',
    });
    expect(bytesIn(machine.run)).toBeLessThan(600_000);
  });

  it('vm_status is silent', async () => {
    const machine = await flood();
    const ended = await machine.call('vm_status');
    expect(ended.code).toBe(5);
    expect(ended.said).toMatch(/^guest +silent/m);
    expect(ended.said).toContain('it said more than 256 KB');
    expect(ended.said.length).toBeLessThan(3000);
    expect(bytesIn(machine.run)).toBeLessThan(600_000);
  });

  it('vm_log has a part of it', { timeout: 120_000 }, async () => {
    const machine = await flood();
    const texts = await archiveOf(machine);
    expect(texts['guest.txt']!.length).toBeLessThan(5_000_000);
    expect(texts['guest.txt']).toContain("the guest's answer ends here: it said more than 4096 KB");
  });

  it('vm_site says that the guest could not be told', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    guestRuns(machine, FLOODS[name]!);
    expect(siteOk(machine, 'battery staple', 'add', 'home')).toContain(
      'could not be told (it said more than 256 KB, which no guest of ours does); it takes this at its next start',
    );
    expect(bytesIn(machine.run)).toBeLessThan(600_000);
  });
});

// Whether the memory is spared shows in that it ends at all.
it('vm_wifi watch ends at a line without end', async () => {
  const machine = await flooded(FLOODS['a line without end']!);
  expect((await machine.call('vm_wifi', 'watch')).code).toBe(130);
});

describe('a guest that prints without end', () => {
  it.each([
    ['on its console', 'exec yes'],
    ['one line on its console', 'exec tr "\\0" x </dev/zero'],
    ['what bhyve complains about', 'exec yes >&2'],
  ])('%s fills no disk, and can be stopped', async (_what, prints) => {
    const machine = new Machine();
    machine.edit('lib/console-log', 'LOG_LIMIT=1048576', 'LOG_LIMIT=100000');
    const file = join(machine.state, 'guest-prints');
    writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\n${prints}\n`, { mode: 0o755 });
    const started = await machine.up();
    let most = 0;
    const seen = (): boolean => {
      most = Math.max(most, bytesIn(join(machine.var, 'log/airhive')) + bytesIn(machine.run));
      return machine.calls('mv').filter((line) => line.endsWith('.1')).length > 3;
    };
    await until(seen, 'some full logs');
    expect(most).toBeLessThan(1_000_000);
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    await until(() => machine.processes().length === 0, 'the end of every process');
  });
});
