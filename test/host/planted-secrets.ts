import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../fixtures/scratch.ts';
import type { Machine } from './machine.ts';
import { provideKeys } from './service-bench.ts';

/** Secrets that the machine knows, from a disk or a file, each planted in texts that end up in an archive. */
export const KNOWN = {
  laptop: 'correct horse battery',
  enterprise: 'planted-eap-secret',
  site: 'sitepass "quoted" #7',
  learnt: 'learnt by the guest 99',
  raw: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
  wep: 'wepk3',
  named: 'of the file in rc.conf 5',
  wifibox: 'the other machine has it',
};

/** Secrets that nobody knows but by the words around them. */
export const UNKNOWN = {
  assigned: 'Hidden-in-psk-1',
  json: 'Hidden-in-json-2',
  debug: '5a 6b 7c 8d 9e af b0 c1',
  typed: 'Hidden-typed-3',
  url: 'Hidden-in-url-4',
  rc: 'Hidden-in-rc-5',
  loader: 'Hidden-in-loader-6',
  remark: 'Hidden-in-remark-7',
  sysctl: 'Hidden-in-sysctl-8',
  wepkey: 'Hidden-wepkey-9',
  mirror: 'Hidden-in-second-url-10',
  resolver: 'Hidden-in-resolv-conf-11',
  environment: 'Hidden-in-environment-12',
  process: 'Hidden-in-arguments-13',
  disk: 'HiddenDiskSerial14',
  card: '001122fffeaabbcc',
  ppp: 'Hidden-in-ppp-15',
  wireguard: 'Hidden/in/wireguard+16=',
  share: 'Hidden-in-fstab-17',
  interface: 'Hidden-of-interface-18',
};

export const KEY_BODY = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz';

export const NAMES = [
  'Vicinity',
  'Home sweet home',
  'office',
  'Neighbour 12',
  'SiteNet',
  'LearntNet',
  'RcNet',
];
export const STATIONS = ['00:11:22:aa:bb:cc', '00:11:22:dd:ee:ff'];

/** All texts of the machine that vm_log reads get all of the secrets, in the forms in which programs print them. */
export function plant(machine: Machine, data = machine.data): void {
  provideKeys(data);
  const networks = [
    `network={\n\tssid="SiteNet"\n\tpsk="${KNOWN.site}"\n}`,
    `network={\n\tssid=50cc73\n\tpsk=${KNOWN.raw}\n}`,
    `network={\n\tssid="old"\n\twep_key0="${KNOWN.wep}"\n}\n`,
  ].join('\n');
  writeFileSync(join(machine.root, 'networks.conf'), networks);
  run('mcopy', ['-i', join(data, 'site.img'), join(machine.root, 'networks.conf'), '::networks.conf']);
  const elsewhere = {
    [join(machine.etc, 'own/wpa.conf')]: KNOWN.named,
    [join(machine.root, 'usr/local/etc/wifibox/wpa_supplicant/wpa_supplicant.conf')]: KNOWN.wifibox,
  };
  for (const [path, passphrase] of Object.entries(elsewhere)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `network={\n\tssid="office"\n\tpsk="${passphrase}"\n}\n`);
  }
  const learnt = `update_config=1\nnetwork={\n\tssid="LearntNet"\n\tpsk="${KNOWN.learnt}"\n}\n`;
  const state = Buffer.alloc(4 << 20);
  state.write(learnt, 1 << 20);
  writeFileSync(join(data, 'state.img'), state);
  const text = spoiled(readFileSync(join(data, 'keys/admin'), 'utf8'));
  const logs = join(machine.var, 'log/airhive');
  mkdirSync(logs, { recursive: true });
  for (const path of ['service.log', 'service.log.1', 'tunnel.log', 'airhive.log', 'airhive.log.1'])
    writeFileSync(join(logs, path), text);
  appendFileSync(join(machine.state, 'dmesg'), text);
  appendFileSync(join(machine.boot, 'loader.conf'), `geli_passphrase="${UNKNOWN.loader}"\n`);
  const rc = [`wg_key="${UNKNOWN.rc}"`, `airhive_wait="30" # ${UNKNOWN.remark}`, `# old: ${KNOWN.laptop}`];
  rc.push('wpa_supplicant_conf_file="/etc/own/wpa.conf"');
  appendFileSync(
    join(machine.etc, 'rc.conf'),
    `${rc.join('\n')}\nifconfig_wlan0="ssid RcNet wepkey ${UNKNOWN.wepkey}"\n`,
  );
  appendFileSync(join(machine.etc, 'sysctl.conf'), `my.secret=${UNKNOWN.sysctl}\n`);
  appendFileSync(join(machine.etc, 'resolvconf.conf'), `x="${UNKNOWN.rc}"\n`);
  plantElsewhere(machine);
}

/** Where vm_log does not look at all, or looks only at what it needs. */
function plantElsewhere(machine: Machine): void {
  appendFileSync(join(machine.etc, 'resolv.conf'), `# token ${UNKNOWN.resolver}\n`);
  machine.environment.WIFI_TOKEN = UNKNOWN.environment;
  const card = 'pci0:4:0:0';
  const capabilities = ['05[d0] = MSI supports 1 message, 64 bit', `0003[140] = Serial 1 ${UNKNOWN.card}`];
  machine.put('pci-capabilities', capabilities.map((line) => `${card} ${line}\n`).join(''));
  machine.put('interfaces/wlan0', `up\nwepkey ${UNKNOWN.interface}\n`);
  const files = {
    'etc/fstab': `//me:${UNKNOWN.share}@nas/share /mnt smbfs rw 0 0\n`,
    'etc/nsmb.conf': `[NAS:ME]\npassword=${UNKNOWN.share}\n`,
    'etc/ppp/ppp.conf': ` set authkey ${UNKNOWN.ppp}\n`,
    'usr/local/etc/wireguard/wg0.conf': `[Interface]\nPrivateKey = ${UNKNOWN.wireguard}\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(machine.root, path)), { recursive: true });
    appendFileSync(join(machine.root, path), text);
  }
}

/** A process of somebody's, as long as the test lasts, with a secret among its arguments. */
export function careless(): void {
  const child = spawn('/bin/sh', ['-c', 'sleep 600; :', 'ssh', UNKNOWN.process], { detached: true });
  onTestFinished(() => void process.kill(-child.pid!, 'SIGKILL'));
}

/** What a careless program prints. */
export function spoiled(key: string): string {
  const wrapped = KNOWN.learnt;
  return [
    ...Object.values(KNOWN).map((secret) => `he typed ${secret} and went on`),
    ...Object.values(KNOWN).map((secret) => `as digits ${Buffer.from(secret).toString('hex')}.`),
    `broken by the screen: ${wrapped.slice(0, 9)}\r\n${wrapped.slice(9)} and on`,
    `    psk="${UNKNOWN.assigned}"`,
    `#psk=${UNKNOWN.assigned}`,
    `PASSWORD: ${UNKNOWN.assigned}`,
    `{ "passphrase": "${UNKNOWN.json}" }`,
    `wlan0: PSK - hexdump(len=32): ${UNKNOWN.debug}`,
    `EAP secret - hexdump_ascii(len=8):\n     ${UNKNOWN.debug}   ........`,
    `# wpa_passphrase Cafe ${UNKNOWN.typed}`,
    `> set_network 0 psk "${UNKNOWN.typed}"`,
    `fetch https://me:${UNKNOWN.url}@mirror.example.org/alpine https://me:${UNKNOWN.mirror}@b.example.org/`,
    `nda0: Serial Number ${UNKNOWN.disk}`,
    `wlan0: ssid "Neighbour 12" channel 6 bssid ${STATIONS[0]}`,
    '\tssid Vicinity channel 11 (2462 MHz 11g)',
    `wlan0: Trying to associate with ${STATIONS[1]} (SSID='Neighbour 12' freq=2412 MHz)`,
    `${STATIONS[0]}\t2412\t-50\t[WPA2-PSK-CCMP][ESS]\tNeighbour 12`,
    `wrong passphrase for "Home sweet home": correct it`,
    `connected to "office", ${KNOWN.site}`,
    String.raw`connected to "Caf\xc3\xa9 Zentral"`,
    'network   "Caf\u00e9 Zentral", WPA2-PSK, and Caf\u00e9 Zentral again',
    `identity="jdoe" of the office, jdoe logged in`,
    `fe80::211:22ff:feaa:bbcc LearntNet SiteNet Home sweet home`,
    `client id 01:${STATIONS[0]} at thinkpad.example.org (thinkpad)`,
    key,
    KEY_BODY,
    'this line is harmless, network 172.24.1.1, WPA2-PSK, key_mgmt=WPA-PSK',
    '',
  ].join('\n');
}
