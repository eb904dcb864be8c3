import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSite } from '../../generators/plan/site.ts';
import { freshFolder, run } from '../fixtures/scratch.ts';
import { Machine } from './machine.ts';
import { dataOf, expectTidy, network, networksOf, site, siteFiles, siteImage, siteOk } from './site-bench.ts';

const data = (machine: Machine, path: string): string => readFileSync(join(machine.data, path), 'utf8');
const words = (line: string): string => line.split(' ').slice(0, 2).join(' ').trim();

function newKey(comment = 'me@host'): { folder: string; public: string; private: string } {
  const folder = freshFolder();
  run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', join(folder, 'key')]);
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { folder, public: text('key.pub'), private: text('key') };
}

/** All that a second `vm_site init` says when there is no network. */
const NO_NETWORK = 'the guest knows no Wi-Fi network yet\n';

describe('vm_site init', () => {
  it('makes keys, disk and known_hosts that belong together; then nothing more', () => {
    const machine = new Machine();
    rmSync(join(machine.etc, 'wpa_supplicant.conf'));
    const said = siteOk(machine, null, 'init');
    expect(said.match(/made the key/g)).toHaveLength(3);
    const files = siteFiles(machine);
    expect(files).toEqual({
      admin_keys: data(machine, 'keys/admin.pub'),
      tunnel_keys: data(machine, 'keys/tunnel.pub'),
      ssh_host_ed25519_key: data(machine, 'keys/guest_host'),
    });
    expect(data(machine, 'keys/known_hosts')).toBe(
      `172.24.1.1 ${words(data(machine, 'keys/guest_host.pub'))}\n`,
    );
    for (const name of ['admin', 'tunnel', 'guest_host'])
      run('ssh-keygen', ['-l', '-f', join(machine.data, 'keys', `${name}.pub`)]);
    expectTidy(machine);
    const before = dataOf(machine);
    expect(siteOk(machine, null, 'init')).toBe(NO_NETWORK);
    expect(dataOf(machine)).toEqual(before);
  });

  it("takes the networks of FreeBSD's own Wi-Fi once, and not again when they were removed", () => {
    const machine = new Machine();
    writeFileSync(
      join(machine.etc, 'wpa_supplicant.conf'),
      'network={\n\tssid="a"\n\tpsk="battery staple"\n}\nnetwork={\n\tssid="b"\n\tpsk="short"\n}\n',
    );
    const said = siteOk(machine, null, 'init');
    expect(said).toContain('line 1: "a": taken');
    expect(said).toContain('line 7: "b": psk has to be');
    expect(siteOk(machine, null, 'init')).toBe('');
    siteOk(machine, null, 'remove', 'a');
    expect(siteOk(machine, null, 'init')).toBe(NO_NETWORK);
    expect(networksOf(machine)).toBe('');
  });

  it('takes them from the file that rc.conf names', () => {
    const machine = new Machine();
    appendFileSync(join(machine.etc, 'rc.conf'), 'wpa_supplicant_conf_file="/usr/local/etc/mine.conf"\n');
    writeFileSync(join(machine.etc, 'wpa_supplicant.conf'), 'ctrl_interface=/x\n');
    mkdirSync(join(machine.root, 'usr/local/etc'), { recursive: true });
    const file = join(machine.root, 'usr/local/etc/mine.conf');
    writeFileSync(file, 'network={\n\tssid="a"\n\tpsk="battery staple"\n}\n');
    expect(siteOk(machine, null, 'init')).toContain(`${file}, line 1: "a": taken`);
    expect(siteOk(machine, null, 'import')).toContain(`${file}, line 1: "a": taken`);
    expect(networksOf(machine)).toContain('ssid="a"');
  });

  it('offers those of wifibox when there are no others', () => {
    const machine = new Machine();
    rmSync(join(machine.etc, 'wpa_supplicant.conf'));
    const file = join(machine.root, 'usr/local/etc/wifibox/wpa_supplicant/wpa_supplicant.conf');
    mkdirSync(dirname(file), { recursive: true });
    const offer = `; for the networks of wifibox: vm_site import ${file}\n`;
    writeFileSync(file, '# network={\n');
    expect(siteOk(machine, null, 'init')).not.toContain('wifibox');
    writeFileSync(file, 'network={\n\tssid="box"\n\tpsk="battery staple"\n}\n');
    expect(siteOk(machine, null, 'init')).toBe(NO_NETWORK.replace('\n', offer));
    expect(site(machine, null, 'import')).toMatchObject({
      code: 2,
      said: expect.stringContaining(offer) as string,
    });
    siteOk(machine, null, 'import', file);
    expect(siteOk(machine, null, 'init')).toBe('');
    expect(networksOf(machine)).toContain('ssid="box"');
  });

  it('does not guess when rc.conf cannot be read', () => {
    const machine = new Machine();
    machine.replace('sysrc', 'exit 1');
    expect(site(machine, null, 'init')).toMatchObject({
      code: 4,
      said: expect.stringContaining('sysrc') as string,
    });
    expect(siteOk(machine, null, 'import', join(machine.etc, 'wpa_supplicant.conf'))).toContain('taken');
  });

  it('says what it could not take just once', () => {
    const machine = new Machine();
    writeFileSync(join(machine.etc, 'wpa_supplicant.conf'), 'network={\n\tssid="b"\n\tpsk="short"\n}\n');
    expect(siteOk(machine, null, 'init')).toContain('line 3: "b": psk has to be');
    expect(siteOk(machine, null, 'init')).toBe(NO_NETWORK);
  });

  it('completes a disk of airhive build --secrets, and pins the key that came with it', () => {
    const machine = new Machine();
    const host = newKey('');
    const admin = newKey();
    const secrets = {
      networks: [network({ ssid: Buffer.from('office') })],
      adminKeys: [admin.public.trim()],
      tunnelKeys: [],
      hostKey: host.private,
    };
    mkdirSync(machine.data, { recursive: true, mode: 0o700 });
    writeFileSync(siteImage(machine), encodeSite(secrets, 0), { mode: 0o600 });
    const before = siteFiles(machine);
    siteOk(machine, null, 'init');
    expect(siteFiles(machine)).toEqual({
      'networks.conf': before['networks.conf'],
      admin_keys: admin.public + data(machine, 'keys/admin.pub'),
      tunnel_keys: data(machine, 'keys/tunnel.pub'),
      ssh_host_ed25519_key: host.private,
    });
    expect(data(machine, 'keys/known_hosts')).toBe(`172.24.1.1 ${words(host.public)}\n`);
    expect(siteOk(machine, null, 'init')).toBe('');
    expectTidy(machine, ['battery staple']);
  });

  it('makes a pair anew whose making was cut short, and keeps one that lacks its public half', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const keys = join(machine.data, 'keys');
    const admin = data(machine, 'keys/admin');
    rmSync(join(keys, 'admin.pub'));
    rmSync(join(keys, 'tunnel'));
    writeFileSync(join(keys, 'tunnel.new'), '');
    writeFileSync(join(keys, 'tunnel.new.pub'), '');
    siteOk(machine, null, 'init');
    expect(data(machine, 'keys/admin')).toBe(admin);
    expect(siteFiles(machine).tunnel_keys).toContain(words(data(machine, 'keys/tunnel.pub')));
    expectTidy(machine);
  });

  it('never writes over a damaged key', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    writeFileSync(join(machine.data, 'keys/admin'), 'damaged');
    const before = dataOf(machine);
    const { code, said } = site(machine, null, 'init');
    expect([code, said]).toEqual([
      6,
      expect.stringContaining('data/keys/admin is damaged or has a passphrase: move it away'),
    ]);
    expect(dataOf(machine)).toEqual(before);
    expectTidy(machine);
  });

  it("keeps the site disk's own host key when ssh-keygen could not read it, once", () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const key = siteFiles(machine).ssh_host_ed25519_key;
    rmSync(join(machine.data, 'keys'), { recursive: true });
    const once = join(machine.root, 'once');
    machine.replace(
      'ssh-keygen',
      `case "$1 $3" in "-y "*/ssh_host_ed25519_key) [ -e ${once} ] || { : >${once}; exit 1; } ;; esac; exec REAL "$@"`,
    );
    siteOk(machine, null, 'init');
    expect(existsSync(once)).toBe(true);
    expect(siteFiles(machine).ssh_host_ed25519_key).toBe(key);
    expectTidy(machine);
  });
});

describe('vm_site authorize', () => {
  it('lets people in, shows them by fingerprint, and out again', () => {
    const machine = new Machine();
    const [one, two] = [newKey(), newKey('\x1b[31mtwo')];
    const file = join(one.folder, 'keys');
    writeFileSync(file, `# us\r\n\r\n${one.public.trim()}\r\n${two.public.trim()}`);
    const said = siteOk(machine, null, 'authorize', file);
    expect(said.match(/may log in on the guest as root/g)).toHaveLength(2);
    expect(siteFiles(machine).admin_keys).toBe(
      `${one.public}${words(two.public)} ?[31mtwo\n${data(machine, 'keys/admin.pub')}`,
    );
    expect(siteOk(machine, null, 'authorize', file)).toMatch(
      /may log in already\n.*may log in already\n.*nothing to change\n$/,
    );
    const list = siteOk(machine, null, 'list');
    const [, fingerprint = ''] = /(SHA256:\S+) me@host/.exec(list) ?? [];
    expect(list).not.toMatch(/[^\n -~]/);
    siteOk(machine, null, 'deauthorize', fingerprint);
    expect(siteFiles(machine).admin_keys).not.toContain(words(one.public));
    expect(siteFiles(machine).admin_keys).toContain(words(two.public));
    expect(site(machine, null, 'deauthorize', fingerprint).code).toBe(2);
    expectTidy(machine);
  });

  const key = newKey();
  it.each<[string, string, string]>([
    ['a private key', key.private, 'is a PRIVATE key. It must never leave'],
    ['an old private key', '-----BEGIN RSA PRIVATE KEY-----\nx\n', 'is a PRIVATE key'],
    ['a key with options', `restrict,command="/bin/false" ${key.public}`, 'line 1: the key has options'],
    ['a damaged key', `\n${key.public.replace('AAAAC3', 'AAAAC4')}`, 'line 2: the key is damaged'],
    ['a good key before a bad one', `${key.public}hello\n`, 'line 2: this is not a public key'],
    ['a certificate', 'ssh-ed25519-cert-v01@openssh.com AAAA me\n', 'this is a certificate'],
    ['nothing', '# nothing\n', 'there is no key in'],
  ])('refuses %s', (_, text, said) => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const before = dataOf(machine);
    const file = join(machine.root, 'given');
    writeFileSync(file, text);
    const answer = site(machine, null, 'authorize', file);
    expect(answer.code).toBe(2);
    expect(answer.said).toContain(said);
    expect(dataOf(machine)).toEqual(before);
    rmSync(file);
    expectTidy(machine, ['BEGIN RSA', 'restrict,command']);
  });
});
