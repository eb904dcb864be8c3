import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostView } from '../../generators/plan/host.ts';
import { planOverview } from '../../generators/plan/overview.ts';
import type { Lock } from '../../generators/packages/lock.ts';
import type { ResolvedProfile } from '../../generators/profile/resolve.ts';
import { hostTree, page, VERSION } from '../fixtures/machines.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';
import { Machine } from '../host/machine.ts';
import { installed } from '../host/service-bench.ts';
import { accessPoint, online, prints, running, statusOf, WPA } from '../host/status-bench.ts';

/* The pages to look at: those of bundles, and those of vm_status in each state. */

const SUM = '0123456789abcdef'.repeat(4);
const one = (name: string, version = '2.91-r0') => ({ name, version, sha256: SUM });

/** Of a bundle that has something of everything. */
const LOCK = {
  packages: [one('dnsmasq'), one('iptables', '1.8.11-r1'), one('libnetfilter_conntrack', '1.0.9-r2')],
  firmware: [
    {
      ...one('linux-firmware-intel', '20250808-r0'),
      files: Array.from({ length: 40 }, (_, index) => ({
        path: `iwlwifi-ty-a0-gf-a0-${index + 40}.ucode.zst`,
      })),
    },
  ],
  absent: ['iwlwifi-none-1.ucode'],
} as unknown as Lock;

function overviewOf(profile: ResolvedProfile, lock?: Lock): string {
  const files = [
    { path: `iso/${profile.release.file}`, size: profile.release.size, sha256: SUM },
    { path: 'disk0.img', size: 12_345_678, sha256: SUM },
    { path: 'airhive.apkovl.tar.gz', size: 194_567, sha256: SUM },
  ];
  const missing = lock ? { packages: [], firmware: [] } : { packages: ['dnsmasq'], firmware: ['a.ucode'] };
  const described = { version: VERSION, host: hostTree(profile), lock, missing, files };
  return Buffer.from(planOverview(page, profile, described).bytes).toString('utf8');
}

/** The longest name that a network can have, and one that is HTML. */
export const HOSTILE = '<script>document.title=1</script';

const ACCESS_POINT = variant({
  wifi: {
    country: 'DE',
    mode: 'access-point',
    accessPoint: { ssid: HOSTILE, channel: 6, dns: ['192.168.7.1'] },
  },
  machine: { name: 'a-name-of-thirty-two-letters-abc' },
  firewall: { forwards: [{ protocol: 'tcp', port: 8080, to: 80 }] },
  ssh: { reverse: false },
});

/** What overview.html is like, by what is special. */
export const OVERVIEWS: Readonly<Record<string, string>> = {
  complete: overviewOf(VARIANTS.intel8260!, LOCK),
  everything: overviewOf(VARIANTS.everything!),
  'access point': overviewOf(ACCESS_POINT, LOCK),
  closed: overviewOf(VARIANTS.unreachable!),
};

/** A line of a log and a name that want to be more than text. */
export const EVENT = `vm_run: <img src="http://evil.example/x.png" onerror="document.title='x'">&amp;</li>`;

function logs(machine: Machine): void {
  mkdirSync(join(machine.var, 'log/airhive'), { recursive: true });
  writeFileSync(join(machine.var, 'log/airhive/service.log'), `vm_run: the guest is up\n${EVENT}\n`);
}

const htmlOf = async (machine: Machine): Promise<string> => (await statusOf(machine, '--html', '-')).said;

const named = (ssid: string): Record<string, string> => ({
  'bin/status': WPA.replace(/^ssid=.*$/m, () => `ssid=${ssid}`),
});

/** What differs in the guest, for each state in which it answers. */
const GUESTS: Readonly<Record<string, Record<string, string>>> = {
  online: {},
  'online, a hostile name': named(HOSTILE),
  'online, a name of escapes': named('\\e'.repeat(32)),
  'online, a wide name': named('\\xe6\\x97\\xa5'.repeat(10)),
  offline: { 'bin/status': 'wpa_state=SCANNING\n', 'bin/ip': prints('') },
  closed: {
    'proc/sys/net/ipv4/ip_forward': '0\n',
    'run/airhive/said/firewall': '<b>no packet filter yet</b>',
  },
  limited: { 'usr/libexec/airhive/way': prints("limited the network's router does not answer\n") },
  login: { 'usr/libexec/airhive/portal': prints('login https://login.example/?a=1&b=%3Cscript%3E\n') },
  'no-card': { 'usr/libexec/airhive/card': prints('no-card\n') },
};

/** The pages of vm_status on one machine, by state. */
export async function statusPages(): Promise<Record<string, string>> {
  const stopped = installed().machine;
  logs(stopped);
  const pages: Record<string, string> = { stopped: await htmlOf(stopped) };
  mkdirSync(join(stopped.var, 'run/airhive'), { recursive: true });
  writeFileSync(join(stopped.var, 'run/airhive/native'), '');
  pages.native = await htmlOf(stopped);
  const { machine } = await running();
  logs(machine);
  for (const [state, changes] of Object.entries(GUESTS)) {
    rmSync(join(machine.state, 'guest-files'), { recursive: true, force: true });
    online(machine, changes);
    if (state === 'no-card') rmSync(join(machine.state, 'guest-files/sys/class/net/wlan0'));
    pages[state] = await htmlOf(machine);
  }
  // Nothing in there answers any more.
  writeFileSync(join(machine.state, 'guest/run'), '#!/bin/sh\nexit 255\n', { mode: 0o755 });
  pages.silent = await htmlOf(machine);
  pages.starting = await startingPage();
  pages['access point'] = await accessPointPage();
  return pages;
}

async function startingPage(): Promise<string> {
  const { machine, service } = installed('airhive_wait="0"');
  machine.put('loader-plan', 'hang\n');
  await service('start');
  await machine.exists('loader-hangs');
  return htmlOf(machine);
}

const CLIENTS = `client 02:00:00:00:01:00 172.24.2.143 my-phone\nclient 02:00:00:00:02:00 - -\n`;

async function accessPointPage(): Promise<string> {
  const ap = hostView(ACCESS_POINT, '').ap;
  const view = { mode: 'access-point', accessPoint: ap, reverse: false, reversePort: '', reverseTo: '' };
  const machine = await accessPoint(view, CLIENTS);
  return (await machine.call('vm_status', '--html', '-')).said;
}
