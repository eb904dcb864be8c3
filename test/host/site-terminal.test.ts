import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Machine, pathOf, until } from './machine.ts';
import { dataOf, expectTidy, networksOf, siteOk } from './site-bench.ts';

describe('on a terminal', () => {
  /** Runs a shell line in a terminal of its own and types into it when it has printed something. */
  async function typed(machine: Machine, line: string, dialogue: readonly (readonly [RegExp, string])[]) {
    const child = spawn(pathOf('script'), ['-qec', line, '/dev/null'], {
      env: {
        ...machine.variables(),
        PATH: '/usr/bin:/bin',
        SHELL: '/bin/sh',
        VM_SITE: resolve(machine.bundle, 'vm_site'),
        RUN_SH: machine.shell.join(' '),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let shown = '';
    child.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString('latin1')));
    let from = 0;
    for (const [question, answer] of dialogue) {
      await until(() => question.test(shown.slice(from)), `${String(question)} in ${shown.slice(from)}`);
      from = shown.length;
      child.stdin.write(answer);
    }
    const [code] = (await once(child, 'exit')) as [number];
    return { code, shown };
  }
  const ADD = '$RUN_SH $VM_SITE add home';

  it('asks twice and shows nothing of it', async () => {
    const machine = new Machine();
    const { code, shown } = await typed(machine, ADD, [
      [/Passphrase of "home": $/, ' battery\\staple \r'],
      [/The same again: $/, ' battery\\staple \r'],
    ]);
    expect(code, shown).toBe(0);
    expect(shown).not.toContain('battery');
    expect(networksOf(machine)).toContain('psk=" battery\\staple "');
    expectTidy(machine, [' battery\\staple ']);
  });

  it.each([
    [
      'two different ones',
      [
        [/home": $/, 'battery staple\r'],
        [/again: $/, 'battery Staple\r'],
      ],
      2,
    ],
    ['one that is too short', [[/home": $/, 'short\r']], 2],
    ['^C', [[/home": $/, 'batt\x03']], 130],
    [
      '^C at the second question',
      [
        [/home": $/, 'battery staple\r'],
        [/again: $/, '\x03'],
      ],
      130,
    ],
    ['^D', [[/home": $/, '\x04']], 130],
  ] as const)(
    '%s: nothing is changed, and the terminal shows again what is typed',
    async (_, dialogue, status) => {
      const machine = new Machine();
      const line = `trap : INT; ${ADD}; echo "status $?"; stty -a`;
      const { shown } = await typed(machine, line, dialogue);
      expect(shown).toContain(`status ${status}`);
      expect(shown).toMatch(/ echo /);
      expect(shown).not.toContain('battery');
      expect(dataOf(machine)).toEqual({});
    },
  );

  it.each(['TERM', 'HUP'])('SIG%s while it asks gives the terminal back', async (signal) => {
    const machine = new Machine();
    const line = `( /bin/sleep 2; pkill -${signal} -f "$VM_SITE add home" ) & ${ADD}; echo "status $?"; stty -a`;
    const { shown } = await typed(machine, line, [[/home": $/, '']]);
    expect(shown).toContain('status 130');
    expect(shown).toMatch(/ echo /);
  });

  it('prints its list to a reader that leaves without a word', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const line = '"$1" "$2" list | /usr/bin/head -n 1';
    const { stderr } = spawnSync(
      '/bin/sh',
      ['-c', line, 'sh', machine.shell[0] ?? '', resolve(machine.bundle, 'vm_site')],
      {
        env: machine.variables(),
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expectTidy(machine);
  });
});
