import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCertificates } from '../fixtures/certificates.ts';
import { Machine } from './machine.ts';
import { network, shell, written, type Said } from './site-bench.ts';
import { CONTROL, withGuest } from './wifi-bench.ts';

const SCAN = String.raw`bss 02:00:00:00:01:00	2412	-30	[WPA2-PSK-CCMP][ESS]	home
bss 02:00:00:00:01:07	5180	-70	[WPA2-PSK-CCMP][ESS]	home
bss 02:00:00:00:01:01	5180	-61	[WPA2-PSK+SAE-CCMP][ESS]	Caf\xc3\xa9 \"x\"
bss 02:00:00:00:01:02	2437	-81	[ESS]	\e[31mred
bss 02:00:00:00:01:03	5955	-90	[WPA2-EAP-CCMP][ESS]	work
bss 02:00:00:00:01:04	2437	-80	[WPA2-PSK-CCMP][ESS]	
known 686f6d65 site
known 776f726b learnt
current 686f6d65
`;

const wifi = (machine: Machine, input: string, ...words: string[]): Said =>
  shell(machine, input, [resolve(machine.bundle, 'vm_wifi'), ...words]);

const commands = (machine: Machine): string[] =>
  machine
    .get('guest/commands')
    .split('\n')
    .filter((line) => line.startsWith(CONTROL))
    .map((line) => line.slice(CONTROL.length + 1));

describe('vm_wifi scan', () => {
  it('is a table of the strongest first, with the present and the known networks marked', async () => {
    const { code, out } = wifi(await withGuest({ scan: SCAN }), '', 'scan');
    expect(code).toBe(0);
    expect(out).toBe(
      String.raw`  name                 signal           channel        security
* "home"               [####]  -30 dBm    1, 2.4 GHz   WPA2
  "Caf\xc3\xa9 \"x\""  [###.]  -61 dBm   36, 5 GHz     WPA2/WPA3
  "\x1b[31mred"        [#...]  -81 dBm    6, 2.4 GHz   open
+ "work"               [....]  -90 dBm    1, 6 GHz     Enterprise
and 1 that does not tell its name
`,
    );
  });

  it('is a document with --json', async () => {
    const { out } = wifi(await withGuest({ scan: SCAN }), '', 'scan', '--json');
    const { format, networks } = JSON.parse(out) as { format: number; networks: Record<string, unknown>[] };
    expect(format).toBe(1);
    expect(networks).toHaveLength(4);
    expect(networks[0]).toEqual({
      ...{ name: 'home', hex: '686f6d65', bssid: '02:00:00:00:01:00', signal_dbm: -30, frequency_mhz: 2412 },
      ...{ security: 'WPA2', known: 'site', present: true },
    });
    expect(networks.slice(1, 3)).toMatchObject([
      { name: 'Café "x"', hex: '436166c3a920227822' },
      { name: '\u001b[31mred', hex: '1b5b33316d726564', known: null, present: false },
    ]);
    expect(out).toMatch(/^[\n -~]*$/);
    const odd = wifi(await withGuest({ scan: SCAN.replace('home', String.raw`\xff`) }), '', 'scan', '--json');
    expect(odd.out).toContain('"name": null, "hex": "ff"');
  });

  it('of no networks says so', async () => {
    const machine = await withGuest({ scan: '' });
    expect(wifi(machine, '', 'scan').out).toBe('no network is in reach\n');
    expect(JSON.parse(wifi(machine, '', 'scan', '--json').out)).toEqual({ format: 1, networks: [] });
  });

  it('without a card says that, and not that nothing is in reach', async () => {
    const machine = await withGuest({ scan: '!card the guest sees no Wi-Fi card' });
    const { code, out, said } = wifi(machine, '', 'scan');
    expect([code, out]).toEqual([5, '']);
    expect(said).toContain('the guest sees no Wi-Fi card');
  });
});

describe('vm_wifi join', () => {
  const KNOWN = 'known 686f6d65 site\nknown 776f726b learnt\n';

  it('sends the block of a new network as input and tells the address', async () => {
    const machine = await withGuest({ networks: KNOWN, join: 'joined 10.99.0.7 kept\n' });
    const { code, out, said } = wifi(machine, 'two lattes\n', 'join', 'café');
    expect(code, said).toBe(0);
    expect(out + said).toContain('address 10.99.0.7; the guest keeps it');
    expect(commands(machine)).toEqual(['networks', 'join 636166c3a9']);
    expect(machine.get('guest/input-join')).toBe(
      written([network({ ssid: Buffer.from('café'), passphrase: 'two lattes' })]),
    );
    expect(machine.get('calls') + readFileSync(machine.log, 'utf8')).not.toContain('two lattes');
  });

  it.each(['bar', 'work'])(
    'with --legacy asks for the passphrase and takes old access points: %s',
    async (name) => {
      const machine = await withGuest({ networks: KNOWN, join: 'joined 10.99.0.7 kept\n' });
      const { code, said } = wifi(machine, 'two lattes\n', 'join', name, '--legacy');
      expect(code, said).toBe(0);
      const ssid = Buffer.from(name);
      expect(machine.get('guest/input-join')).toBe(
        written([network({ ssid, passphrase: 'two lattes', legacy: true })]),
      );
    },
  );

  it('sends certificates behind the block, and keeps none on this machine', async () => {
    const machine = await withGuest({ networks: KNOWN, join: 'joined 10.99.0.7 kept\n' });
    const { paths } = makeCertificates();
    const words = [
      '--eap',
      'tls',
      '--identity',
      'me',
      '--ca',
      paths.CA ?? '',
      '--client-key',
      paths.p12 ?? '',
    ];
    const { code, said } = wifi(machine, 'key words\n', 'join', 'uni', ...words);
    expect(code, said).toBe(0);
    const sent = machine.get('guest/input-join').split(/^file (.*)\n/m);
    expect(sent[0]).toContain('\tca_cert="/var/lib/airhive/wifi/ca-');
    expect(sent[0]).toContain('\tprivate_key_passwd="key words"\n');
    for (const [at, name] of [
      [1, 'CA'],
      [3, 'p12'],
    ] as const) {
      expect(sent[0]).toContain(`/${sent[at] ?? ''}"`);
      const bytes = Buffer.from((sent[at + 1] ?? '').replaceAll('\n', ''), 'hex');
      expect(bytes).toEqual(readFileSync(paths[name] ?? ''));
    }
    expect(machine.get('calls')).not.toContain('key words');
    expect(wifi(machine, '', 'join', 'uni', '--identity', 'me').said).toContain('need --eap');
  });

  it('says where the network wants a login, and nothing of what is no address', async () => {
    const machine = await withGuest({
      networks: KNOWN,
      join: 'login https://login.example/a?b=c&halt\njoined 10.99.0.7 kept\n',
    });
    const { code, said } = wifi(machine, 'two lattes\n', 'join', 'café');
    expect(code, said).toBe(0);
    expect(said).toMatch(
      /keeps it\n.*this network wants a login: open 'https:\/\/login\.example\/a\?b=c&halt'\n$/,
    );
    const hostile = await withGuest({
      networks: KNOWN,
      join: 'login https://x.example/\u001b[2J$(id)\njoined 10.99.0.7 kept\n',
    });
    expect(wifi(hostile, 'two lattes\n', 'join', 'café').said).not.toContain('login');
  });

  it.each(['joined 10.99.0.7 kept', '!absent there is no such network in reach'])(
    'says that the country closes what is used here: %s',
    async (answer) => {
      const line =
        'country the access points here say that this is DE, the profile says US: channel 13 may not be used';
      const [failed, last] = answer.startsWith('!') ? ['!', answer.slice(1)] : ['', answer];
      const machine = await withGuest({ networks: KNOWN, join: `${failed}${line}\u001b[2J\n${last}\n` });
      const { said } = wifi(machine, 'two lattes\n', 'join', 'café');
      expect(said).toContain(
        'vm_wifi: note that the access points here say that this is DE, the profile says US',
      );
      expect(said).not.toContain('\u001b');
    },
  );

  it('asks nothing of a known one, and says when it is not kept', async () => {
    const machine = await withGuest({ networks: KNOWN, join: 'joined 10.77.0.7 lost\n' });
    const { code, said } = wifi(machine, '', 'join', 'work');
    expect(code, said).toBe(0);
    expect(said).toContain('without a state disk it is kept until the guest restarts');
    expect(machine.get('guest/input-join').trim()).toBe('');
  });

  it('of a network that leads nowhere is done, and says what is missing', async () => {
    const join = "way limited the network's name server does not answer (\u001b[2J)\njoined 10.77.0.7 kept\n";
    const { code, said } = wifi(await withGuest({ networks: KNOWN, join }), '', 'join', 'work');
    expect(code, said).toBe(0);
    expect(said).toContain('address 10.77.0.7; the guest keeps it\n');
    expect(said).toContain("vm_wifi: limited: the network's name server does not answer ([2J)\n");
  });

  it.each([
    ['!passphrase the passphrase is wrong', 'not joined: the passphrase is wrong; it is as it was before'],
    ['!absent there is no such network in reach', 'not joined: there is no such network in reach'],
    ['!', 'not joined: the guest did not say why'],
    ['!\u001b[2Jx \u001b[31mred', 'not joined: [31mred'],
  ])('fails with 5 and the reason: %j', async (answer, expected) => {
    const machine = await withGuest({ networks: KNOWN, join: `${answer}\n` });
    const { code, said } = wifi(machine, 'two espressi\n', 'join', 'bar');
    expect(code).toBe(5);
    expect(said).toContain(expected);
    expect(said).toMatch(/^[\n -~]*$/);
  });

  it("of a network in the host's own range proposes another for the profile", async () => {
    const answer =
      "!range 172.24.1.7/24 is what the network gives out, which is the host's own range, 172.24.1.0/24\n";
    const { code, said } = wifi(await withGuest({ networks: KNOWN, join: answer }), '', 'join', 'work');
    expect(code).toBe(5);
    expect(said).toContain(
      'vm_wifi: not joined: the network gives out 172.24.1.7/24, which is in the range between host and guest; it is as it was before\n',
    );
    expect(said).toContain('  network:\n    host: 10.137.1.49/24\n    guest: 10.137.1.1\n');
  });

  it('refuses what it cannot do before the guest is asked to', async () => {
    const machine = await withGuest({ networks: KNOWN, join: 'joined 10.99.0.7 kept\n' });
    expect(wifi(machine, 'short\n', 'join', 'bar')).toMatchObject({ code: 2 });
    expect(wifi(machine, '', 'join', 'bar').said).toContain('there is no passphrase in the input');
    expect(wifi(machine, '', 'join', '--open', 'home').said).toContain("one of this machine's own networks");
    expect(wifi(machine, 'a passphrase', 'join', '--legacy', 'home').said).toContain(
      'change it with vm_site add',
    );
    expect(wifi(machine, '', 'join', '--open', '--legacy', 'bar').said).toContain('--open or has --legacy');
    expect(commands(machine).filter((line) => line.startsWith('join'))).toEqual([]);
  });
});

describe('vm_wifi', () => {
  it('forgets a learnt network and passes on why another stays', async () => {
    const machine = await withGuest({ forget: 'forgotten\n' });
    expect(wifi(machine, '', 'forget', '--hex', '776F726B').said).toBe('vm_wifi: "work" is forgotten\n');
    expect(commands(machine)).toEqual(['forget 776f726b']);
    const other = await withGuest({ forget: "!site it is one of this machine's own networks\n" });
    expect(wifi(other, '', 'forget', 'home')).toMatchObject({
      code: 2,
      said: 'vm_wifi: "home" cannot be forgotten: it is one of this machine\'s own networks\n',
    });
  });

  it('watch prints a line for each change', async () => {
    const line = 'wpa_state=COMPLETED\tssid=home\tfreq=2412\tRSSI=-50\tip=10.77.0.5\tsaid=x\n';
    const lost = 'wpa_state=SCANNING\tsaid=none of the known networks is in reach\n';
    const machine = await withGuest({ follow: line + line + lost });
    const { code, out } = wifi(machine, '', 'watch');
    expect(code).toBe(5);
    expect(out).toBe(
      '[####]  -50 dBm  10.77.0.5  "home"  1, 2.4 GHz\nnot connected: none of the known networks is in reach\n',
    );
  });

  it('says why the guest cannot be asked', async () => {
    const stopped = new Machine();
    expect(wifi(stopped, '', 'scan')).toMatchObject({
      code: 4,
      said: 'vm_wifi: the guest is not running (service airhive start)\n',
    });
    const machine = await withGuest({ scan: SCAN });
    machine.put('sshd-is-down', 'x');
    const silent = wifi(machine, '', 'scan');
    expect(silent.code).toBe(5);
    expect(silent.said).toContain('the guest cannot be asked over ssh: ');
    rmSync(join(machine.data, 'keys'), { recursive: true });
    expect(wifi(machine, '', 'scan').said).toContain('data/keys/admin is missing');
    expect(existsSync(join(machine.run, 'wifi'))).toBe(false);
  });

  it.each([
    [],
    ['dance'],
    ['join'],
    ['scan', 'x'],
    ['join', 'a', 'b'],
    ['join', '--hex', 'f'],
    ['scan', '--open'],
  ])('wrong usage: %j', (...words) => {
    expect(wifi(new Machine(), '', ...words).code).toBe(2);
  });
});
