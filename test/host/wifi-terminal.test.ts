import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useAwk } from './awks.ts';
import type { Machine } from './machine.ts';
import { commandOf, until } from './processes.ts';
import { onTerminal } from './terminal.ts';
import { withGuest } from './wifi-bench.ts';

const SCAN = String.raw`bss 02:00:00:00:01:00	2412	-30	[WPA2-PSK-CCMP][ESS]	home
bss 02:00:00:00:01:01	5180	-61	[WPA2-PSK+SAE-CCMP][ESS]	Caf\xc3\xa9
bss 02:00:00:00:01:05	5180	-62	[ESS]	\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e
bss 02:00:00:00:01:02	2437	-101	[ESS]	a name of 32 bytes, as long as i
`;

/** What a terminal of that many columns gets, and what its settings are before and after. */
async function seen(machine: Machine, columns: number, line: string, dialogue?: Dialogue): Promise<string> {
  Object.assign(machine.environment, { LANG: 'C.UTF-8', VM_WIFI: resolve(machine.bundle, 'vm_wifi') });
  const all = `stty cols ${columns}; ${line}`;
  return (await onTerminal(machine, all, dialogue)).shown.replaceAll('\r\n', '\n');
}

type Dialogue = Parameters<typeof onTerminal>[2];

describe('vm_wifi scan on a terminal', () => {
  it('of 80 columns is a table', async () => {
    const shown = await seen(await withGuest({ scan: SCAN }), 80, '$RUN_SH $VM_WIFI scan');
    expect(shown).toBe(`  name                                signal           channel        security
  "home"                              [####]  -30 dBm    1, 2.4 GHz   WPA2
  "Café"                              [###.]  -61 dBm   36, 5 GHz     WPA2/WPA3
  "日本語"                            [###.]  -62 dBm   36, 5 GHz     open
  "a name of 32 bytes, as long as i"  [....] -101 dBm    6, 2.4 GHz   open
`);
  });

  it('of 60 gives a long name a line of its own', async () => {
    const shown = await seen(await withGuest({ scan: SCAN }), 60, '$RUN_SH $VM_WIFI scan');
    expect(shown).toBe(`  name             signal           channel        security
  "home"           [####]  -30 dBm    1, 2.4 GHz   WPA2
  "Café"           [###.]  -61 dBm   36, 5 GHz     WPA2/WPA3
  "日本語"         [###.]  -62 dBm   36, 5 GHz     open
  "a name of 32 bytes, as long as i"
                   [....] -101 dBm    6, 2.4 GHz   open
`);
  });

  it('of 40 gives each network two lines', async () => {
    const shown = await seen(await withGuest({ scan: SCAN }), 40, '$RUN_SH $VM_WIFI scan');
    expect(shown).toBe(`  "home"
  [####] -30 dBm  1, 2.4 GHz  WPA2
  "Café"
  [###.] -61 dBm  36, 5 GHz  WPA2/WPA3
  "日本語"
  [###.] -62 dBm  36, 5 GHz  open
  "a name of 32 bytes, as long as i"
  [....] -101 dBm  6, 2.4 GHz  open
`);
  });

  it.each([
    ['LANG=C', '"Caf\\xc3\\xa9"'],
    ['LANG=', '"Caf\\xc3\\xa9"'],
    ['LANG=de_DE.ISO8859-1', '"Caf\\xc3\\xa9"'],
    ['LC_ALL=C', '"Caf\\xc3\\xa9"'],
    ['LC_CTYPE=POSIX', '"Caf\\xc3\\xa9"'],
    ['LC_CTYPE= LANG=en_US.utf8', '"Café"'],
  ])('with %s spells out what the terminal cannot show', async (variables, name) => {
    const shown = await seen(await withGuest({ scan: SCAN }), 132, `${variables} $RUN_SH $VM_WIFI scan`);
    expect(shown).toContain(`  ${name} `);
    expect(shown).not.toContain(name === '"Café"' ? '\\x' : 'é');
  });

  it('into a pipe is the whole table', async () => {
    const shown = await seen(await withGuest({ scan: SCAN }), 40, '$RUN_SH $VM_WIFI scan | cat');
    expect(shown).toMatch(/^ {2}"Café" +\[###\.\] {2}-61 dBm {3}36, 5 GHz {5}WPA2\/WPA3$/m);
  });
});

describe('vm_wifi watch on a terminal', () => {
  const FOLLOW = [
    String.raw`wpa_state=COMPLETED	ssid=Caf\xc3\xa9 \e[31m	freq=2412	RSSI=-50	ip=10.77.0.5	said=x`,
    String.raw`wpa_state=SCANNING	said=wrong passphrase for "Caf\xc3\xa9"`,
    '',
  ].join('\n');

  it.each([
    [80, '[####]  -50 dBm  10.77.0.5  "Café \\x1b[31m"  1, 2.4 GHz'],
    [40, '[####]  -50 dBm  10.77.0.5  "Café \\x1b['],
  ])('of %d columns writes over one line of it', async (columns, connected) => {
    const shown = await seen(
      await withGuest({ follow: FOLLOW }),
      columns,
      '$RUN_SH $VM_WIFI watch 2>/dev/null',
    );
    const said = 'not connected: wrong passphrase for "Café"'.slice(0, columns - 1);
    expect(shown).toBe(`${connected.padEnd(columns - 1)}\r${said.padEnd(columns - 1)}\r\n`);
  });

  it('ends at ^C with a line of its own for the prompt, and the terminal as it was', async () => {
    const machine = await withGuest({ follow: FOLLOW });
    machine.put('guest/stays', 'x');
    // Not mawk, which waits until its buffer is full.
    useAwk(machine, 'original-awk');
    const line =
      'trap : INT; stty -a >"$STATE/before"; $RUN_SH $VM_WIFI watch; echo "status $?"; stty -a >"$STATE/after"';
    const shown = await seen(machine, 80, line, [[/not connected/, '\x03']]);
    expect(shown).toMatch(/\r(\^C)?\nstatus 130\n$/);
    expect(machine.get('after')).toBe(machine.get('before'));
    expect(machine.get('before')).toContain('80');
    const asking = (pid: number): boolean => commandOf(pid).includes('wifi-control follow');
    await until(() => !machine.processes().some(asking), 'its ssh to end');
  });

  it('ends when nobody reads any more, without a wrong word', async () => {
    const machine = await withGuest({ follow: FOLLOW.repeat(20_000) });
    const shown = await seen(machine, 80, '$RUN_SH $VM_WIFI watch | head -n 1');
    expect(shown).toBe('[####]  -50 dBm  10.77.0.5  "Café \\x1b[31m"  1, 2.4 GHz\n');
  });
});

it('the manual page names the variables that decide what is spelled out', () => {
  const page = readFileSync(new URL('../../overlays/host/man/airhive.8', import.meta.url), 'utf8');
  for (const name of ['LC_ALL', 'LC_CTYPE', 'LANG'])
    expect(page).toMatch(RegExp(`^\\.It Ev .*\\b${name}\\b`, 'm'));
});
