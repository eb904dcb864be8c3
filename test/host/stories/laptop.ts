import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { Machine, type Ended } from '../machine.ts';
import { treeBelow } from '../tree.ts';

/** What is secret on the laptop: passphrases of its wpa_supplicant.conf, and the one that the stories add. */
export const PLANTED = ['correct horse battery', 'planted-eap-secret', 'planted passphrase'];

/** Everything of FreeBSD's that an installation may touch and a removal must restore. */
export function systemOf(machine: Machine): Record<string, string> {
  return { ...treeBelow(machine.etc), ...treeBelow(machine.boot), ...treeBelow(machine.local) };
}

/** Runs the installed service's command. */
export async function service(machine: Machine, ...words: string[]): Promise<Ended> {
  return machine.call(join(machine.local, 'etc/rc.d/airhive'), ...words);
}

/** Applies the bundle and reboots, which must work. */
export async function install(machine: Machine, bundle = machine.bundle): Promise<void> {
  const applied = await machine.call(join(bundle, 'vm_install'), 'apply', '--yes');
  expect(applied.code, applied.said).toBe(0);
  const booted = await machine.reboot();
  expect(booted?.code, booted?.said).toBe(0);
}

export async function installed(): Promise<Machine> {
  const machine = new Machine({ host: 'laptop' });
  await install(machine);
  return machine;
}

/** What is missing for the guest to be this machine's way out. */
export function lacks(machine: Machine): string[] {
  const found: [string, boolean][] = [
    ['one guest', machine.guests().length === 1],
    ['the card at ppt', machine.get('pciconf').includes('ppt0@pci0:4:0:0:')],
    ['the default route', machine.get('routes') === 'default 172.24.1.1 bridge0\n'],
    ['an interface of the guest', machine.play('ifconfig', 'bridge0').includes('member: tap0')],
    ['no native Wi-Fi', !machine.play('ifconfig', '-l').includes('wlan0')],
    [
      'an open tap',
      machine.play('ifconfig', 'tap0').includes('UP') && machine.get('interfaces/tap0').includes('held'),
    ],
    [
      'names',
      readFileSync(join(machine.etc, 'resolv.conf'), 'utf8').split('\n')[1] === 'nameserver 172.24.1.1',
    ],
  ];
  return found.filter(([, there]) => !there).map(([name]) => name);
}

/** What is missing for FreeBSD's own Wi-Fi to work. */
export function lacksNative(machine: Machine): string[] {
  const found: [string, boolean][] = [
    ['the card at iwm', machine.get('pciconf').includes('iwm0@pci0:4:0:0:')],
    ['wlan0', machine.play('ifconfig', '-l').includes('wlan0')],
    ['the default route', machine.get('routes') === 'default 192.168.1.1 wlan0\n'],
    ['names', readFileSync(join(machine.etc, 'resolv.conf'), 'utf8').includes('nameserver 192.168.1.1')],
  ];
  return found.filter(([, there]) => !there).map(([name]) => name);
}

/** What no command may leave behind. */
export function leftovers(machine: Machine): string[] {
  const files = (readdirSync(machine.root, { recursive: true }) as string[]).filter((path) =>
    /\.airhive-new$|\/bundles\/[^/]*\.(new|bad)|\/data\/[^/]*\.new|site\.work/.test(path),
  );
  const devices = readdirSync(join(machine.state, 'md')).map((unit) => `md${unit}`);
  return [...files, ...devices, machine.get('mounts')].filter(Boolean);
}

/** The files outside of data/ in which one of the secrets stands. */
export function leaks(machine: Machine, secrets: readonly string[]): string[] {
  const allowed =
    /^(mnt\/vm_bhyve\/linuxguest|bundle)\/data\/|^bundle\.site\.img$|^etc\/wpa_supplicant\.conf$|^state\/(guest|keys)\/|\.iso$|^bin\//;
  const wanted = new RegExp(secrets.map((secret) => secret.replaceAll(/[^A-Za-z0-9 ]/g, '\\$&')).join('|'));
  return readdirSync(machine.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(machine.root, join(entry.parentPath, entry.name)))
    .filter((path) => !allowed.test(path) && wanted.test(readFileSync(join(machine.root, path), 'latin1')));
}

/** The middle lines of the private keys in data/keys: part of them anywhere else is a leak. */
export function keyMaterial(machine: Machine): string[] {
  const keys = join(machine.data, 'keys');
  return ['admin', 'tunnel', 'guest_host'].flatMap((name) =>
    readFileSync(join(keys, name), 'utf8')
      .split('\n')
      .filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line))
      .slice(1),
  );
}

export const linked = (machine: Machine, name: string): string => readlinkSync(join(machine.directory, name));
