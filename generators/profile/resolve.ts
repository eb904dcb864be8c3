import type { Diagnostic } from '../errors.ts';
import { formatAddress, maskOf, poolOf, subnetOf } from './address.ts';
import { toDiagnostics, type Source } from './document.ts';
import { draftOf } from './draft.ts';
import { issueProblems } from './issues.ts';
import { parseYaml } from './parse.ts';
import { error, type Problem } from './problem.ts';
import type { ReleasePin } from './releases.ts';
import { ruleProblems } from './rules.ts';
import { pinOf } from './rules/release.ts';
import { profileSchema, type Profile } from './schema.ts';
import { formatUla } from './ula.ts';
import { describe } from './visible.ts';

/** A profile with every default filled in and every derived value worked out: what the rest of airhive reads. */
export interface ResolvedProfile {
  /** Base name of the profile file; names `dist/NAME/`. */
  name: string;
  alpine: { release: string; flavor: 'standard' | 'extended'; mirrors: string[]; packages: string[] };
  /** The pin that `alpine.release` and `alpine.flavor` choose. */
  release: ReleasePin;
  machine: {
    name: string;
    cpus: number;
    /** MiB. */
    memory: number;
    loader: 'grub' | 'uefi';
    console: 'nmdm' | 'stdio' | 'none';
  };
  /** One to eight devices, in the order of the profile. */
  passthrough: ResolvedDevice[];
  network: ResolvedNetwork;
  wifi: { country: string; interface: string };
  firewall: { forwards: { protocol: 'tcp' | 'udp'; port: number; to: number }[] };
  /** `port` on the guest's Wi-Fi side leads to `to` on the host. */
  ssh: { reverse: boolean; port: number; to: number };
  host: {
    directory: string;
    freebsd: { text: string; major: number; minor: number };
    /** Names of rc.conf variables. */
    retire: string[];
  };
}

export interface ResolvedDevice {
  /** `bus/slot/func` without leading zeros, as pptdevs and bhyve take it. */
  pci: string;
  bus: number;
  slot: number;
  func: number;
  /** `vendor:device` in lower case. */
  id: string;
  vendor: string;
  device: string;
  /** FreeBSD module names, without `.ko`. */
  drivers: string[];
}

interface ResolvedNetwork {
  bridge: string;
  tap: string;
  host: string;
  guest: string;
  prefix: number;
  netmask: string;
  /** Network address, e.g. `172.24.1.0`. */
  subnet: string;
  dns: string;
  /** DHCP for other clients on the bridge; null when no address is free. */
  pool: { first: string; last: string } | null;
  ipv6: { host: string; guest: string; prefix: 64; subnet: string } | null;
}

/** A profile's text, its file as messages name it, and the name that its bundle gets. */
export interface ProfileSource extends Source {
  readonly name: string;
}

/**
 * Reads, checks and completes a profile. `profile` is there exactly when no diagnostic is an error; all that is wrong
 * is reported at once. Never throws on any text.
 */
export function resolveProfile(
  source: ProfileSource,
  releases: readonly ReleasePin[],
): { profile?: ResolvedProfile; diagnostics: readonly Diagnostic[] } {
  const document = parseYaml(source);
  if (document.value === undefined) {
    return { diagnostics: toDiagnostics(document, [...nameProblems(source.name), ...document.problems]) };
  }
  const draft = draftOf(profileSchema, document.value) ?? {};
  const problems = [
    ...nameProblems(source.name),
    ...document.problems,
    ...issueProblems(document, profileSchema),
    ...ruleProblems(draft, releases),
  ];
  const diagnostics = toDiagnostics(document, problems);
  const parsed = profileSchema.safeParse(document.value);
  const pin = pinOf(draft, releases);
  if (!parsed.success || !pin || problems.some(({ severity }) => severity === 'error'))
    return { diagnostics };
  return { profile: complete(source.name, parsed.data, pin), diagnostics };
}

/** What the base name of a profile's file has to be. */
export const PROFILE_NAME =
  'lower-case letters, digits and . _ -, starting with a letter or a digit, at most 40 of them, not ending in .tar';

const NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/;

/** The name becomes a folder and a tar file beside it, so `x` and `x.tar` would be in each other's way. */
function nameProblems(name: string): Problem[] {
  if (NAME.test(name) && !name.endsWith('.tar')) return [];
  return [
    error([], `the name of a profile has to be of ${PROFILE_NAME}; got ${describe(name)}; rename the file`),
  ];
}

function complete(name: string, profile: Profile, pin: ReleasePin): ResolvedProfile {
  const { release, flavor, mirrors, packages } = profile.alpine;
  return {
    name,
    alpine: { release, flavor, mirrors, packages },
    release: pin,
    machine: profile.machine,
    passthrough: profile.passthrough.map(({ pci, id, drivers }) => {
      const { text, bus, slot, func } = pci;
      return { pci: text, bus, slot, func, id: `${id.vendor}:${id.device}`, ...id, drivers };
    }),
    network: completeNetwork(profile.network),
    wifi: profile.wifi,
    firewall: {
      forwards: profile.firewall.forwards.map(({ protocol, port, to }) => ({
        protocol,
        port,
        to: to ?? port,
      })),
    },
    ssh: profile.ssh,
    host: profile.host,
  };
}

function completeNetwork({ bridge, tap, host, guest, dns, ipv6 }: Profile['network']): ResolvedNetwork {
  const range = subnetOf(host.address, host.prefix);
  const pool = poolOf(range, [host.address, guest.address]);
  return {
    bridge,
    tap,
    host: host.text,
    guest: guest.text,
    prefix: host.prefix,
    netmask: formatAddress(maskOf(host.prefix)),
    subnet: formatAddress(range.network),
    dns: (dns ?? guest).text,
    pool: pool && { first: formatAddress(pool.first), last: formatAddress(pool.last) },
    ipv6: ipv6
      ? { host: formatUla(ipv6, 2), guest: formatUla(ipv6, 1), prefix: 64, subnet: formatUla(ipv6, 0) }
      : null,
  };
}
