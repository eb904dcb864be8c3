import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFolder } from '../fixtures/scratch.ts';
import { AWKS, runAwk } from './awks.ts';
import { line, scrubbed } from './scrub-bench.ts';

describe('what is not secret', () => {
  it('stays, from the first line of the first file to the last of the last', () => {
    const texts = { a: 'one\n\ntwo\n', b: 'three\n', c: 'the last\n' };
    expect(scrubbed(texts)).toEqual(texts);
  });

  it.each([
    'WPA2-PSK key_mgmt=WPA-PSK passive scan of 172.24.1.1',
    'https://dl-cdn.alpinelinux.org/alpine is fetched for root@airhive',
    'ether ff:ff:ff:ff:ff:ff and 00:00:00:00:00:00',
    'a1:b2:c3 is no address',
    'wlan0: associated',
    'x'.repeat(39),
  ])('%s', (text) => expect(line(text)).toBe(text));

  it('is cut when it is too long', () => {
    expect(line('x y'.repeat(1000))).toBe(`${'x y'.repeat(1000).slice(0, 2000)}...`);
  });
});

describe('what words betray', () => {
  it.each([
    ['psk="battery staple"', 'psk=(secret)'],
    ['  "passphrase": "battery"', '  "passphrase":(secret)'],
    ['Password = battery', 'Password =(secret)'],
    ['wep_key0=battery', 'wep_key0=(secret)'],
    ['wepkey 1:battery', 'wepkey (secret)'],
    ['identity="me@corp"', 'identity=(secret)'],
    ['API-Token: battery', 'API-Token:(secret)'],
    ['set_network 0 psk "battery"', 'set_network 0 psk (secret)'],
    ['wpa_passphrase home battery', 'wpa_passphrase (secret)'],
    [
      'https://me:battery@a.example/x ftp://you@b.example/',
      'https://(secret)@a.example/x ftp://(secret)@b.example/',
    ],
    ['da0: Serial Number 0123ABC', 'da0: Serial (serial number)'],
    ['PSK - hexdump(len=32): 5a 6b', 'PSK - hexdump: (dump)'],
    ['A'.repeat(40), '(key)'],
    [`  ${'a/+='.repeat(11)}`, '(key)'],
    ['ether 00:11:22:aa:bb:cc', 'ether 00:11:22:xx:xx:01'],
    ['a 00-11-22-AA-BB-CC b 00:11:22:aa:bb:cc', 'a 00-11-22:xx:xx:01 b 00:11:22:xx:xx:01'],
    ['a 00:11:22:aa:bb:cc b 00:11:22:aa:bb:cd', 'a 00:11:22:xx:xx:01 b 00:11:22:xx:xx:02'],
    ['00:11:22:ff:fe:aa:bb:cc', '00:11:22:xx:xx:01'],
    ['inet6 fe80::211:22ff:feaa:bbcc%wlan0', 'inet6 fe80::211:22ff:fexx:xxxx%wlan0'],
  ])('%s', (text, result) => expect(line(text)).toBe(result));

  it('and the lines of a dump or a key go on until they end', () => {
    const text = [
      ...['key: hexdump(len=40):', '  5a 6b 7c', ' 8d', 'after', '5a is said'],
      ...[
        '-----BEGIN OPENSSH PRIVATE KEY-----',
        'AAAA',
        'BBBB==',
        '-----END OPENSSH PRIVATE KEY-----',
        'behind',
      ],
      ...['-----BEGIN RSA PRIVATE KEY-----', 'CCCC', 'broken off!', 'DDDD'],
    ];
    expect(line(text.join('\n'))?.split('\n')).toEqual([
      ...['key: hexdump: (dump)', '(dump)', '(dump)', 'after', '5a is said'],
      ...['(private key)', '(private key)', '(private key)', '(private key)', 'behind'],
      ...['(private key)', '(private key)', '(private key)', 'DDDD'],
    ]);
  });
});

describe('what is known to be secret', () => {
  it.each([
    ['psk="battery staple"\n', 'he typed battery staple!', 'he typed (secret)!'],
    ['psk=batteries\n', 'batteriesbatteries', '(secret)(secret)'],
    ['psk="battery staple"\n', 'hex 62617474657279207374617006c65', 'hex 62617474657279207374617006c65'],
    ['psk="battery staple"\n', 'hex 6261747465727920737461706c65', 'hex (secret)'],
    ['password=62617474657279\n', 'said battery and 62617474657279', 'said (secret) and (secret)'],
    ['psk="abc"\n', 'abc, abcd, xabc, abc', '(secret), abcd, xabc, (secret)'],
    ['psk="ab"\n', 'ab is too short to be looked for', 'ab is too short to be looked for'],
    ['psk="batteries"\npassword="batteries included"\n', 'batteries included', '(secret)'],
    [
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END\nafterwards\n',
      'b3BlbnNz afterwards',
      '(secret) afterwards',
    ],
    ['host laptop.corp.example\n', 'laptop laptop.corp.example corp.example', '(host) (host) (domain)'],
    ['host localhost\nhost airhive\n', 'localhost airhive', 'localhost airhive'],
  ])('%j: %s', (known, text, result) => expect(line(text, known)).toBe(result));

  it('is found over the break of a line', () => {
    const texts = { a: 'he typed battery st\naple and more\n' };
    expect(scrubbed(texts, 'psk="battery staple"\n')).toEqual({
      a: 'he typed (secret)\n(secret) and more\n',
    });
  });

  it.each(['battery\nand more\n', ''])('stops everything when it is cut short, before %j', (text) => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'text'), text);
    writeFileSync(join(folder, 'known'), 'psk="bat');
    mkdirSync(join(folder, 'out'));
    for (const awk of AWKS) {
      const input = ['what=known', join(folder, 'known'), 'what=text', join(folder, 'text')];
      const words = ['-v', `out=${folder}/out`, '-v', 'keep='];
      expect(() => runAwk(awk, ['ssid', 'scrub'], words, ...input)).toThrow(
        expect.objectContaining({ status: 3 }),
      );
      expect(readdirSync(join(folder, 'out'))).toEqual([]);
    }
  });
});

describe('the names of networks', () => {
  const KNOWN = 'ssid="home"\nssid=6f6666696365\nssid=P"Caf\\xc3\\xa9"\n';

  it('are numbers, the same for each form of a name', () => {
    const text =
      'ssid="home", 686f6d65, office, Caf?? or "Caf\\xc3\\xa9"; joined "mine" and ssid "mine": to "xy"';
    expect(line(text, KNOWN)).toBe(
      'ssid="network-1", network-1, network-2, network-3 or "network-3"; joined "network-4" and ssid "network-4": to "xy"',
    );
  });

  it.each([
    ['ssid="My net"', 'ssid="network-1"'],
    ['  "ssid": "My net",', '  "ssid": "network-1",'],
    [
      `Trying to associate (SSID='My net' freq=2412 MHz)`,
      `Trying to associate (SSID='network-1' freq=2412 MHz)`,
    ],
    ['wrong passphrase for "My net": correct it', 'wrong passphrase for "network-1": correct it'],
    ['connected to "My net"', 'connected to "network-1"'],
    ['network "My net" is known', 'network "network-1" is known'],
    ['joined "My net", joining "Other one"', 'joined "network-1", joining "network-2"'],
    ['vm_wifi forget "My net"', 'vm_wifi forget "network-1"'],
    ['\tssid My net channel 6 (2437 MHz)', '\tssid network-1 channel 6 (2437 MHz)'],
    ['ifconfig_wlan0="WPA ssid Mynet DHCP"', 'ifconfig_wlan0="WPA ssid network-1 DHCP"'],
    ['create_args_wlan0="wlanmode sta ssid Mynet"', 'create_args_wlan0="wlanmode sta ssid network-1"'],
    ['ssid=My net', 'ssid=network-1'],
    ['\tSSID: My net', '\tSSID: network-1'],
    ['airhive: "My net" refuses the connection', 'airhive: "network-1" refuses the connection'],
    ['bss 00:11:22:aa:bb:cc\t2412\t-50\t[ESS]\tMy net', 'bss 00:11:22:xx:xx:01\t2412\t-50\t[ESS]\tnetwork-1'],
    ['ssid="a \\"quoted\\" one"', 'ssid="network-1"'],
    ['ssid="", and to "vm_wifi join" it', 'ssid="", and to "vm_wifi join" it'],
  ])('are found in %s', (text, result) => expect(line(text)).toBe(result));

  it('stay where it is asked for', () => {
    expect(line('ssid="home", office', KNOWN, '1')).toBe('ssid="home", office');
  });
});
