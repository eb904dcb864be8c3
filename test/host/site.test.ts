import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSite } from '../../generators/plan/site.ts';
import { Machine } from './machine.ts';
import {
  dataOf,
  expectTidy,
  networksOf,
  site,
  siteFiles,
  siteImage,
  siteOk,
  network,
  written,
} from './site-bench.ts';

describe('vm_site add', () => {
  it.each([
    ['seven77', 'this one has 7'],
    ['x'.repeat(64), 'this one has 64'],
    // 32 letters of two bytes each.
    ['\xc3\xa4'.repeat(32), 'this one has 64'],
    ['carriage return\r', 'a control character in it'],
    ['tab\tin the middle', 'a control character in it'],
    ['delete\x7fdelete', 'a control character in it'],
    ['', 'there is no passphrase in the input'],
  ])('refuses the passphrase %j without repeating it', (passphrase, words) => {
    const machine = new Machine();
    const before = dataOf(machine);
    const { code, said } = site(machine, passphrase, 'add', 'home');
    expect(code).toBe(2);
    expect(said).toContain(words);
    if (passphrase !== '') expect(said).not.toContain(passphrase);
    expect(dataOf(machine)).toEqual(before);
  });

  it.each([
    [['add'], 'usage:'],
    [['add', 'a', 'b'], 'usage:'],
    [['add', ''], '1 to 32 bytes'],
    [['add', 'x'.repeat(33)], '1 to 32 bytes'],
    [['add', '--hex', 'abc'], 'two for each byte'],
    [['add', '--hex', 'home'], 'two for each byte'],
    [['add', 'a', '--priority', '1001'], 'from 0 to 1000'],
    [['add', 'a', '--priority', '-1'], 'from 0 to 1000'],
    [['add', 'a', '--priority'], 'from 0 to 1000'],
    [['add', '-x'], 'comes after --'],
    [['add', '--wpa', 'a'], 'does not know --wpa'],
    [['remove', 'a', '--open'], 'does not know --open'],
    [['list', 'a'], 'usage:'],
    [['add', 'a', '--mac'], '--mac takes permanent, random or per-network\n'],
    [['add', 'a', '--mac', 'default'], '--mac takes permanent, random or per-network\n'],
    [['add', 'a', '--no-trusted'], 'does not know --no-trusted'],
    [['mark', 'a'], 'has to be told what to change'],
    [['mark', '--trusted'], 'usage:'],
    [['mark', 'a', '--trusted', '--no-trusted'], 'either --trusted or --no-trusted'],
    [['mark', 'a', '--public', '--no-public'], 'either --public or --no-public'],
    [['mark', 'a', '--legacy'], 'does not know --legacy'],
    [['mark', 'a', '--mac', 'fixed'], 'random or per-network, or default for what the profile says'],
    [['frob\x1b[31m'], 'no command "frob\\x1b[31m"'],
    [[], 'usage:'],
  ])('is told how it goes: %j', (args, words) => {
    const machine = new Machine();
    const { code, said } = site(machine, 'long enough', ...args);
    expect(code).toBe(2);
    expect(said).toContain(words);
    expect(dataOf(machine)).toEqual({});
  });

  it('takes the place of a network of the same name, however that was written', () => {
    const machine = new Machine();
    siteOk(machine, 'first one', 'add', 'a"b');
    siteOk(machine, 'other one', 'add', 'other');
    siteOk(machine, 'second one', 'add', '--hex', '612262', '--priority', '2');
    expect(networksOf(machine)).toBe(
      written([
        network({ ssid: Buffer.from('a"b'), passphrase: 'second one', priority: 2 }),
        network({ ssid: Buffer.from('other'), passphrase: 'other one' }),
      ]),
    );
    expect(readFileSync(siteImage(machine), 'latin1')).not.toContain('first one');
  });

  it('changes nothing the second time, and says so', () => {
    const machine = new Machine();
    siteOk(machine, 'battery staple', 'add', 'home');
    const before = dataOf(machine);
    expect(siteOk(machine, 'battery staple\n', 'add', 'home')).toBe('vm_site: nothing to change\n');
    expect(dataOf(machine)).toEqual(before);
  });

  it('of a network that is there keeps what it is to its owner, and says so', () => {
    const machine = new Machine();
    const home = network({ trusted: true, public: true, mac: 'random', legacy: true });
    siteOk(machine, 'old passphrase', 'add', 'home', '--trusted', '--public', '--mac', 'random', '--legacy');
    expect(siteOk(machine, 'battery staple', 'add', 'home')).toContain(
      'vm_site: "home" stays trusted, public, MAC random, legacy, as it was; vm_site remove it first to begin anew\n',
    );
    expect(networksOf(machine)).toBe(written([home]));
    expect(siteOk(machine, 'battery staple', 'add', 'home', '--mac', 'permanent', '--hidden')).toContain(
      '"home" stays trusted, public, legacy, as',
    );
    expect(networksOf(machine)).toBe(written([{ ...home, mac: 'permanent', hidden: true }]));
    siteOk(machine, null, 'remove', 'home');
    expect(siteOk(machine, 'battery staple', 'add', 'home')).not.toContain('stays');
    expect(networksOf(machine)).toBe(written([network({})]));
    expect(siteOk(machine, 'new passphrase', 'add', 'home')).not.toContain('stays');
  });

  it('does not hand trust on to a block that anybody could be', () => {
    const machine = new Machine();
    siteOk(machine, 'battery staple', 'add', 'home', '--trusted', '--legacy');
    const said = siteOk(machine, null, 'add', 'home', '--open');
    expect(said).toContain(
      'vm_site: "home" is not trusted any more: whoever sends that name could be it (vm_site mark NAME --trusted)\n',
    );
    expect(said).not.toMatch(/stays|does not prove/);
    const open = network({ passphrase: null });
    expect(networksOf(machine)).toBe(written([open]));
    siteOk(machine, null, 'mark', 'home', '--trusted');
    expect(siteOk(machine, null, 'add', 'home', '--open', '--hidden')).toContain(
      '"home" stays trusted, as it',
    );
    expect(networksOf(machine)).toBe(written([{ ...open, trusted: true, hidden: true }]));
  });

  it('has to be root, and alone', () => {
    const machine = new Machine();
    machine.put('uid', '1001\n');
    expect(site(machine, 'battery staple', 'add', 'home').code).toBe(4);
    machine.put('uid', '0\n');
    siteOk(machine, 'battery staple', 'add', 'home');
    machine.replace('ps', 'echo "S 0 0 /bin/sh /x/vm_site add"');
    writeFileSync(join(machine.run, 'vm_site'), `${process.pid}\n`);
    const { code, said } = site(machine, 'battery staple', 'add', 'home');
    expect([code, said]).toEqual([4, 'vm_site: another vm_site is at work\n']);
    expect(readFileSync(join(machine.run, 'vm_site'), 'utf8')).toBe(`${process.pid}\n`);
  });
});

describe('vm_site mark', () => {
  it('changes what a network is to its owner, without its passphrase', () => {
    const machine = new Machine();
    const home = network({ ssid: Buffer.from('a"b') });
    const free = network({ ssid: Buffer.from('free'), passphrase: null, public: true });
    siteOk(machine, 'battery staple', 'add', 'a"b');
    siteOk(machine, null, 'add', 'free', '--open', '--public');
    expect(siteOk(machine, null, 'mark', 'a"b', '--trusted', '--mac', 'random')).not.toContain('prove');
    expect(networksOf(machine)).toBe(written([{ ...home, trusted: true, mac: 'random' }, free]));
    expect(siteOk(machine, null, 'list')).toContain('WPA2 or WPA3, passphrase, trusted, MAC random');
    expect(siteOk(machine, null, 'mark', 'a"b', '--trusted')).toBe('vm_site: nothing to change\n');
    siteOk(machine, null, 'mark', '--hex', '612262', '--no-trusted', '--public', '--mac', 'default');
    expect(networksOf(machine)).toBe(written([{ ...home, public: true }, free]));
    expectTidy(machine, ['battery staple']);
  });

  it('says when a network that is trusted could be anybody', () => {
    const machine = new Machine();
    const words =
      'vm_site: note that "free" does not prove what it is: whoever sends that name is trusted as well\n';
    expect(siteOk(machine, null, 'add', 'free', '--open', '--trusted')).toContain(words);
    expect(siteOk(machine, null, 'mark', 'free', '--no-trusted')).not.toContain('prove');
    expect(siteOk(machine, null, 'mark', 'free', '--trusted')).toContain(words);
  });

  it('says what there is when there is no such network', () => {
    const machine = new Machine();
    siteOk(machine, 'battery staple', 'add', 'home');
    const before = dataOf(machine);
    const { code, said } = site(machine, null, 'mark', 'office', '--trusted');
    expect([code, said]).toEqual([2, 'vm_site: there is no network "office"; there is "home"\n']);
    expect(dataOf(machine)).toEqual(before);
  });
});

describe('vm_site list', () => {
  it('shows names with accents as such where the terminal takes UTF-8, and then they can be typed', () => {
    const machine = new Machine();
    siteOk(machine, 'battery staple', 'add', 'Café');
    siteOk(machine, null, 'add', 'home', '--open');
    expect(siteOk(machine, null, 'list')).toContain(
      '  "Caf\\xc3\\xa9"  WPA2 or WPA3, passphrase  (--hex 436166c3a9)\n  "home"         open\n',
    );
    machine.environment = { LANG: 'de_DE.UTF-8' };
    expect(Buffer.from(siteOk(machine, null, 'list'), 'latin1').toString()).toContain(
      '  "Café"  WPA2 or WPA3, passphrase\n  "home"  open\n',
    );
    siteOk(machine, null, 'remove', 'Café');
  });
});

describe('vm_site list --json', () => {
  it('says of each network what it is, and never a secret', () => {
    const machine = new Machine();
    const listed = (): unknown => JSON.parse(siteOk(machine, null, 'list', '--json'));
    expect(listed()).toEqual({ format: 1, networks: [], admin_keys: [], tunnel_keys: [] });
    siteOk(machine, 'battery staple', 'add', 'say "hi" \x1b', '--hidden', '--priority', '3', '--trusted');
    siteOk(machine, null, 'add', '--hex', 'ff00', '--open', '--public', '--mac', 'random');
    siteOk(machine, 'eap secret', 'add', 'uni', '--eap', 'peap', '--identity', 'me@example.org', '--no-ca');
    const plain = { trusted: false, public: false, legacy: false, mac: null, hidden: false, disabled: false };
    const key = (name: string) =>
      expect.stringMatching(new RegExp(`^SHA256:\\S{43} airhive ${name} \\(ED25519\\)$`)) as string;
    expect(listed()).toEqual({
      format: 1,
      networks: [
        {
          ...plain,
          ssid: 'say "hi" \x1b',
          ssid_hex: Buffer.from('say "hi" \x1b').toString('hex'),
          security: 'WPA2 or WPA3, passphrase',
          ca_check: null,
          trusted: true,
          hidden: true,
          priority: 3,
        },
        {
          ...plain,
          ssid: null,
          ssid_hex: 'ff00',
          security: 'open',
          ca_check: null,
          public: true,
          mac: 'random',
          priority: 0,
        },
        {
          ...plain,
          ssid: 'uni',
          ssid_hex: Buffer.from('uni').toString('hex'),
          security: 'Enterprise (PEAP), CA NOT CHECKED',
          ca_check: false,
          priority: 0,
        },
      ],
      admin_keys: [key('admin')],
      tunnel_keys: [key('tunnel')],
    });
    expect(siteOk(machine, null, 'list', '--json')).not.toMatch(/battery|eap secret|me@example|PRIVATE/);
    expectTidy(machine);
  });
});

describe('vm_site list and remove', () => {
  it('show no secret, and no order to the terminal', () => {
    const machine = new Machine();
    expect(siteOk(machine, null, 'list')).toBe('no network and no key yet: vm_site add NAME\n');
    siteOk(machine, 'battery staple', 'add', '\x1b[2J\x07evil', '--hidden', '--priority', '3');
    siteOk(machine, null, 'add', 'guests', '--open');
    siteOk(machine, 'a'.repeat(64), 'add', 'raw');
    const list = siteOk(machine, null, 'list');
    expect(list.split('\n').slice(0, 4)).toEqual([
      'networks:',
      '  "\\x1b[2J\\x07evil"  WPA2 or WPA3, passphrase, hidden, priority 3  (--hex 1b5b324a076576696c)',
      '  "guests"           open',
      '  "raw"              WPA2, raw key',
    ]);
    expect(list).toMatch(
      /keys that may log in on the guest as root:\n {2}SHA256:\S{43} airhive admin \(ED25519\)\n/,
    );
    expect(list).not.toMatch(/[^\n -~]|battery|aaaa|PRIVATE/);
  });

  it('remove one by its bytes, and say what there is instead', () => {
    const machine = new Machine();
    const nothing = site(machine, null, 'remove', 'home');
    expect([nothing.code, nothing.said]).toEqual([
      2,
      'vm_site: there is no network "home"; there is none at all\n',
    ]);
    siteOk(machine, 'battery staple', 'add', 'home');
    siteOk(machine, 'the other one', 'add', 'a\\b');
    const before = dataOf(machine);
    const { code, said } = site(machine, null, 'remove', 'hom');
    expect([code, said]).toEqual([2, 'vm_site: there is no network "hom"; there is "home", "a\\\\b"\n']);
    expect(dataOf(machine)).toEqual(before);
    siteOk(machine, null, 'remove', '--hex', '615C62');
    expect(networksOf(machine)).toBe(written([network({})]));
    siteOk(machine, null, 'remove', 'home');
    expect(networksOf(machine)).toBe('');
    expect(readFileSync(siteImage(machine), 'latin1')).not.toMatch(/battery|the other/);
    expectTidy(machine);
  });
});

describe('the disk', () => {
  it('is a megabyte for root alone, with what was on it and lines that end as in Unix', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const { mode, size } = statSync(siteImage(machine));
    expect([mode & 0o777, size]).toEqual([0o600, 1024 * 1024]);
    const secrets = {
      networks: [network({})],
      adminKeys: ['ssh-ed25519 AAAAC3Nz me'],
      tunnelKeys: [],
      hostKey: '',
    };
    const image = Buffer.from(encodeSite(secrets, 0));
    const at = image.indexOf('\n\tpsk');
    image.write('\r', at - 1); // ssid="home\r
    writeFileSync(siteImage(machine), image);
    siteOk(machine, null, 'add', 'more', '--open');
    expect(siteFiles(machine)['networks.conf']).toContain('ssid="home\n\tpsk="battery staple"');
    expect(siteFiles(machine).admin_keys).toMatch(
      /^ssh-ed25519 AAAAC3Nz me\nssh-ed25519 \S+ airhive admin\n$/,
    );
  });

  it('grows no larger than what the guest takes', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const before = dataOf(machine);
    const keys = join(machine.root, 'keys');
    writeFileSync(keys, `${(siteFiles(machine).admin_keys ?? '').trim()} ${'x'.repeat(70_000)}\n`);
    const conf = join(machine.root, 'large.conf');
    writeFileSync(
      conf,
      Array.from(
        { length: 1500 },
        (_, i) => `network={\n\tssid="n${i}"\n\tpsk="${'x'.repeat(20)}"\n}\n`,
      ).join(''),
    );
    const { code, said } = site(machine, null, 'import', conf);
    expect(code).toBe(2);
    expect(said).toContain(
      'networks.conf would be larger than the 65536 bytes that the guest takes; nothing was changed',
    );
    expect(dataOf(machine)).toEqual(before);
    expectTidy(machine);
  });
});
