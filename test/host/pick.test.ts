import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Machine } from './machine.ts';
import { onTerminal } from './terminal.ts';
import { CONTROL, withGuest } from './wifi-bench.ts';

const SCAN = String.raw`bss 02:00:00:00:01:00	2412	-30	[WPA2-PSK-CCMP][ESS]	home
bss 02:00:00:00:01:01	5180	-50	[WPA2-PSK+SAE-CCMP][ESS]	Caf\xc3\xa9
bss 02:00:00:00:01:02	2437	-60	[ESS]	a name of 32 bytes, as long as i
bss 02:00:00:00:01:03	2437	-61	[WPA2-EAP-CCMP][ESS]	campus
bss 02:00:00:00:01:04	2437	-62	[WPA-PSK-TKIP][ESS]	printer
bss 02:00:00:00:01:05	2437	-63	[WEP][ESS]	wep
bss 02:00:00:00:01:06	2437	-64	[WPA2-PSK-CCMP][ESS]	\e]0;x\x07\"$(id)\n%s'
bss 02:00:00:00:01:07	2437	-65	[OWE-CCMP][ESS]	owe
known ${Buffer.from('home').toString('hex')} learnt
known ${Buffer.from('Café').toString('hex')} site
current ${Buffer.from('Café').toString('hex')}
`;
const SECRET = 'correct horse 9';
const JOINED = 'joined 10.77.0.5 kept';

type Dialogue = readonly (readonly [RegExp, string])[];

/** A guest that answers with SCAN, and to a join with what a shell script says; what it is sent is in the file `joins`. */
async function atWork(join_: string, scan = SCAN): Promise<Machine> {
  const machine = await withGuest({ scan });
  const script = `#!/bin/sh\ncase $1 in
'${CONTROL} scan') cat answer-scan ;;
'${CONTROL} join '*) echo "$1" >>joins; cat >block; cat block >>joins; ${join_} ;;
*) exit 2 ;;
esac\n`;
  writeFileSync(join(machine.state, 'guest/run'), script, { mode: 0o755 });
  return machine;
}

const WHEN_RIGHT = `if grep -q 'psk="${SECRET}"' block; then echo '${JOINED}'; else echo 'passphrase the passphrase is wrong'; exit 1; fi`;
const ALWAYS = `echo '${JOINED}'`;

interface Picked {
  readonly shown: string;
  readonly status: number;
  readonly joins: string;
}

/** What a person at a terminal of that many columns sees, and what the guest gets. */
async function picked(machine: Machine, columns: number, dialogue: Dialogue, options = ''): Promise<Picked> {
  Object.assign(machine.environment, {
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    VM_WIFI: resolve(machine.bundle, 'vm_wifi'),
  });
  const line = `stty cols ${columns} rows 24; trap : INT; stty -g >"$STATE/before"; $RUN_SH $VM_WIFI pick ${options}; echo "status $?"; stty -g >"$STATE/after"`;
  const { shown } = await onTerminal(machine, line, dialogue);
  expect(machine.get('after')).toBe(machine.get('before'));
  expect(shown).not.toContain(SECRET);
  expect(left(machine)).toEqual([]);
  // eslint-disable-next-line no-control-regex -- what a terminal would obey
  expect(shown.replaceAll(/\r\n|\r?\^[C[D]|\x1b\r/g, '')).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  const joins = existsSync(join(machine.state, 'guest/joins')) ? machine.get('guest/joins') : '';
  return { shown: shown.replaceAll('\r\n', '\n'), status: Number(/status (\d+)/.exec(shown)?.[1]), joins };
}

/** Files of vm_wifi that hold a secret, or are there when it has ended. */
function left(machine: Machine): string[] {
  const files = readdirSync(machine.run, { withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ name }) => join(machine.run, name));
  return paths.filter((path) => /pick|wifi\./.test(path) || readFileSync(path, 'utf8').includes(SECRET));
}

const LIST = /q to leave: $/;
const MENU = /<r> look again\s+<\?> $/;

describe('./vm_wifi pick without bsddialog', () => {
  async function plain(join_: string, columns: number, dialogue: Dialogue): Promise<Picked> {
    const machine = await atWork(join_);
    machine.replace('bsddialog');
    return picked(machine, columns, dialogue);
  }

  it('shows what is in reach on 80 columns, and leaves with q', async () => {
    const { shown, status, joins } = await plain(ALWAYS, 80, [[LIST, 'q\r']]);
    expect(shown).toContain(`
Networks: * present, + known

   1  + "home"                              [####]  WPA2
   2  * "Café"                              [####]  WPA2/WPA3
   3    "a name of 32 bytes, as long as i"  [###.]  open
   4    "campus"                            [###.]  Enterprise
   5    "printer"                           [###.]  WPA (old)
   6    "wep"                               [###.]  WEP (unsafe)
   7    "\\x1b]0;x\\x07\\"$(id)\\x0a%s'"        [###.]  WPA2
   8    "owe"                               [###.]  open, encrypted
   h  a hidden network
   r  look again
`);
    expect([status, joins]).toEqual([130, '']);
    expect(shown).toContain('vm_wifi: nothing was changed\n');
  });

  it('of 40 columns gives each network two lines, and no line is longer', async () => {
    const { shown } = await plain(ALWAYS, 40, [
      [LIST, 'm\r'],
      [LIST, 'q\r'],
    ]);
    expect(shown).toContain('   1  + "home"\n        [####] WPA2\n');
    expect(shown).toContain('   3    "a name of 32 bytes, as long ..\n');
    expect(shown).toContain('   m  more of them\n');
    expect(shown).toContain('   8    "owe"\n');
    expect(shown.split('\n').filter((line) => line.length > 40)).toEqual([]);
  });

  it('joins a known network without a question', async () => {
    const { shown, status, joins } = await plain(ALWAYS, 80, [[LIST, '1\r']]);
    expect(shown).toContain('joined "home", address 10.77.0.5; the guest keeps it');
    expect([status, joins.trim()]).toEqual([0, `${CONTROL} join ${Buffer.from('home').toString('hex')}`]);
  });

  it('asks again after a wrong passphrase, one that is too short, and joins', async () => {
    const { status, joins, shown } = await plain(WHEN_RIGHT, 80, [
      [LIST, '7\r'],
      [/Passphrase of .*: $/, 'short\r'],
      [/8 to 63 bytes.*Passphrase of .*: $/s, 'battery staple\r'],
      [/the passphrase is wrong.*Passphrase of .*: $/s, `${SECRET}\r`],
    ]);
    expect(status, shown).toBe(0);
    expect(joins).toContain(`psk="${SECRET}"`);
    expect(joins.match(/join /g)).toHaveLength(2);
  });

  it('joins an open one when told twice', async () => {
    const { status, joins } = await plain(ALWAYS, 80, [
      [LIST, '3\r'],
      [/Join it\? \[y\/N\] $/, 'n\r'],
      [LIST, '3\r'],
      [/Join it\? \[y\/N\] $/, 'y\r'],
    ]);
    expect([status, joins.match(/join /g)?.length]).toEqual([0, 1]);
    expect(joins).toContain('key_mgmt=NONE');
  });

  it('joins a hidden one', async () => {
    const { status, joins } = await plain(WHEN_RIGHT, 80, [
      [LIST, 'h\r'],
      [/Name of the network: $/, 'attic\r'],
      [LIST, '1\r'],
      [/Passphrase of "attic": $/, `${SECRET}\r`],
    ]);
    expect(status).toBe(0);
    expect(joins).toContain('ssid="attic"');
    expect(joins).toContain('scan_ssid=1');
  });

  it('joins one with a login, and asks for the password again', async () => {
    const refused = `if grep -q 'password="${SECRET}"' block; then echo '${JOINED}'; else echo "refused the network's server refuses the password"; exit 1; fi`;
    const { status, joins, shown } = await plain(refused, 80, [
      [LIST, '4\r'],
      [LIST, '1\r'],
      [/Login, such as .*: $/, 'me@example.org\r'],
      [LIST, '1\r'],
      [/End of its name.*: $/, 'radius.example.org\r'],
      [/Password of me@example.org: $/, 'wrong\r'],
      [/refuses the password.*Password of me@example.org: $/s, `${SECRET}\r`],
    ]);
    expect(status, shown).toBe(0);
    expect(joins).toContain('eap=PEAP');
    expect(joins).toContain('domain_suffix_match="radius.example.org"');
  });

  it('takes old and unsafe ones only when told, or not at all', async () => {
    const { joins, status } = await plain(WHEN_RIGHT, 80, [
      [LIST, '6\r'],
      [/WEP, which anybody can break.*q to leave: $/s, '8\r'],
      [/OWE.*q to leave: $/s, '5\r'],
      [/which can be broken. Join it\? \[y\/N\] $/, 'y\r'],
      [/Passphrase of "printer": $/, `${SECRET}\r`],
    ]);
    expect(status).toBe(0);
    expect(joins).not.toContain('proto=RSN');
  });

  it.each([
    ['^C in the list', [[LIST, '\x03']], 130],
    ['^D in the list', [[LIST, '\x04']], 130],
    ['Escape in the list', [[LIST, '\x1b\r']], 130],
    [
      '^C at the passphrase',
      [
        [LIST, '7\r'],
        [/Passphrase of .*: $/, 'corr\x03'],
      ],
      130,
    ],
    [
      '^D at the passphrase',
      [
        [LIST, '7\r'],
        [/Passphrase of .*: $/, '\x04'],
        [LIST, 'q\r'],
      ],
      130,
    ],
    [
      'Escape at the passphrase',
      [
        [LIST, '7\r'],
        [/Passphrase of .*: $/, '\x1b\r'],
        [LIST, 'q\r'],
      ],
      130,
    ],
    [
      'none of them',
      [
        [LIST, '99\r'],
        [/none of these.*q to leave: $/s, 'q\r'],
      ],
      130,
    ],
  ] as const)('%s: nothing is changed', async (_, dialogue, code) => {
    const { status, joins } = await plain(ALWAYS, 80, dialogue);
    expect([status, joins]).toEqual([code, '']);
  });

  it('looks again', async () => {
    const machine = await atWork(ALWAYS, '');
    machine.replace('bsddialog');
    const { shown } = await picked(machine, 80, [
      [/No network is in reach.*q to leave: $/s, 'r\r'],
      [/Looking for networks.*q to leave: $/s, 'q\r'],
    ]);
    expect(shown.match(/Looking for networks/g)).toHaveLength(2);
  });

  it('says what the guest says when a network of the site has another passphrase now', async () => {
    const { shown, status } = await plain(WHEN_RIGHT, 80, [
      [LIST, '2\r'],
      [/the passphrase is wrong.*q to leave: $/s, 'q\r'],
    ]);
    expect(shown).toContain('vm_site add');
    expect(status).toBe(130);
  });
});

describe('vm_wifi pick with bsddialog', () => {
  it('shows the same, and joins after a wrong passphrase', async () => {
    const { shown, status, joins } = await picked(await atWork(WHEN_RIGHT), 80, [
      [MENU, '7\r'],
      [/<passwordbox> Passphrase of .*<\?> $/s, 'battery staple\r'],
      [/<msgbox> not joined: the passphrase is wrong.*<\?> $/s, '\r'],
      [/<passwordbox> .*<\?> $/s, `${SECRET}\r`],
    ]);
    expect(status, shown).toBe(0);
    expect(shown).toContain('<2> * "Café"                              [####]  WPA2/WPA3\n');
    expect(joins).toContain(`psk="${SECRET}"`);
  });

  it.each([
    ['^C', [[MENU, '\x03']]],
    ['Escape', [[MENU, '\x1b\r']]],
    ['its button', [[MENU, 'cancel\r']]],
    [
      '^C at the passphrase',
      [
        [MENU, '7\r'],
        [/<passwordbox>.*<\?> $/s, '\x03'],
      ],
    ],
    [
      'Escape at the passphrase',
      [
        [MENU, '7\r'],
        [/<passwordbox>.*<\?> $/s, '\x1b\r'],
        [MENU, 'cancel\r'],
      ],
    ],
    [
      'no as it is offered',
      [
        [MENU, '3\r'],
        [/<yesno>.*<\?> $/s, '\r'],
        [MENU, 'cancel\r'],
      ],
    ],
  ] as const)('%s: nothing is changed', async (_, dialogue) => {
    const { status, joins } = await picked(await atWork(ALWAYS), 80, dialogue);
    expect([status, joins]).toEqual([130, '']);
  });

  it('is not used on a small terminal, with --plain, or where it fails', async () => {
    const small = await picked(await atWork(ALWAYS), 40, [[LIST, 'q\r']]);
    const asked = await picked(await atWork(ALWAYS), 80, [[LIST, 'q\r']], '--plain');
    const machine = await atWork(ALWAYS);
    machine.put('bsddialog-fails', '');
    const failed = await picked(machine, 80, [[LIST, 'q\r']]);
    for (const { shown } of [small, asked, failed]) expect(shown).not.toContain('<menu>');
  });

  it('gives it its own statuses, whatever the environment says', async () => {
    const machine = await atWork(ALWAYS);
    machine.environment.BSDDIALOG_ESC = '0';
    machine.environment.BSDDIALOG_CANCEL = '0';
    expect((await picked(machine, 80, [[MENU, '\x1b\r']])).joins).toBe('');
  });
});

it('vm_wifi pick without a terminal names what does without', async () => {
  const ended = await (await atWork(ALWAYS)).call('vm_wifi', 'pick');
  expect([ended.code, ended.said]).toEqual([
    2,
    'vm_wifi: vm_wifi pick needs a terminal; vm_wifi scan and join do without one\n',
  ]);
});
