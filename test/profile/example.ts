import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { Diagnostic } from '../../generators/errors.ts';
import type { ReleasePin } from '../../generators/profile/releases.ts';
import { keysAt } from '../../generators/profile/issues.ts';
import { resolveProfile } from '../../generators/profile/resolve.ts';
import { profileSchema } from '../../generators/profile/schema.ts';
import { cards, pins } from '../fixtures/profiles.ts';

export function readShipped(name: string): string {
  return readFileSync(new URL(`../../profiles/${name}`, import.meta.url), 'utf8');
}

/** The pins of the tests, to be changed at will. */
export function testReleases(): ReleasePin[] {
  return structuredClone([...pins]);
}

/** A profile as a user would write it, with only what has to be there. */
export function smallestProfile() {
  return {
    alpine: { release: '3.24.1' },
    passthrough: [{ pci: '4/0/0', id: '8086:24f3' }],
    network: { host: '172.24.1.49/24', guest: '172.24.1.1' },
    host: { freebsd: '14.3' },
  };
}

/** A profile with every key there is, none at its default. */
export function fullProfile() {
  return {
    alpine: {
      release: '3.24.1',
      flavor: 'extended',
      arch: 'x86_64',
      mirrors: ['http://mirror.example/alpine/'],
      packages: ['tcpdump', 'libstdc++'],
    },
    machine: { name: 'gw-1', cpus: 2, memory: '1G', loader: 'uefi', console: 'none' },
    passthrough: [
      { pci: '004/31/7', id: '14C3:7961', force: true, drivers: [] },
      { pci: '0/20/3', id: '8086:a0f0', drivers: ['if_iwx'], firmware: ['iwlwifi-so-a0-hr-b0-89.ucode'] },
      { pci: 'auto', maker: 'mediatek' },
    ],
    network: {
      bridge: 'bridge7',
      tap: 'tap12',
      host: '10.77.0.2/30',
      guest: '10.77.0.1',
      dns: '127.0.0.1',
      ipv6: 'FD12:3456:789A::/64',
      mdns: true,
    },
    wifi: {
      mode: 'station',
      country: 'DE',
      interface: 'wlp1s0',
      sendName: true,
      mac: 'random',
      portalCheck: 'http://login.example/',
    },
    firewall: {
      forwards: [
        { protocol: 'tcp', port: 8080, to: 80 },
        { protocol: 'udp', port: 8080 },
      ],
      only: 'trusted',
    },
    ssh: { reverse: true, port: 2022, to: 2222 },
    host: { directory: '/vm/a.b_c-d', freebsd: '15.1', retire: ['ifconfig_wlan0'] },
  };
}

/** YAML of the smallest profile with whole groups replaced or added. */
export function profileYaml(groups: Record<string, unknown> = {}): string {
  return stringify({ ...smallestProfile(), ...groups });
}

/** After the end of 3.13, before that of 3.24. */
export const TODAY = '2026-07-01';

export function resolveText(text: string, name = 'x', releases = testReleases()) {
  return resolveProfile({ file: `profiles/${name}.yaml`, name, text }, releases, cards, TODAY);
}

/** `line:column path: message`, with the severity or the kind in brackets when it is not a plain error. */
export function lineOf({ severity, kind, line, column, path, message }: Diagnostic): string {
  const mark = severity === 'warning' ? ' [warning]' : kind === 'unsupported' ? ' [unsupported]' : '';
  return `${line}:${column} ${path}${mark}: ${message}`;
}

/** All that is wrong with a profile, without places. */
export function complaints(groups: Record<string, unknown>): string[] {
  return resolveText(profileYaml(groups)).diagnostics.map((found) => lineOf(found).replace(/^[0-9:]+ /, ''));
}

/** The keys of a group, as messages list them: a new one breaks no test. */
export function keysOf(...path: (string | number)[]): string {
  return keysAt(profileSchema, path).join(', ');
}
