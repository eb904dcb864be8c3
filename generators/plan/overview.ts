import { AirhiveError } from '../errors.ts';
import { fileOf, type File, type Tree } from '../formats/tree.ts';
import type { Lock } from '../packages/lock.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { hostView } from './host.ts';
import { renderTemplate, type OverlaySource, type View } from './render.ts';

/*
 * overview.html: the bundle on one page, for whoever wants to know what it does before it is installed. The page that
 * `vm_status --html` fills in on the host comes from the same template, so both have the same drawing.
 */

export const OVERVIEW = 'overview.html';
const TEMPLATE = 'lib/page.html.mustache';

/** What the page says besides the profile. */
export interface Described {
  readonly version: string;
  readonly host: Tree;
  readonly lock: Lock | undefined;
  readonly missing: { readonly packages: readonly string[]; readonly firmware: readonly string[] };
  /** The parts of the bundle that it names, with their sums. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: string }[];
}

/** The page's template among the sources of the host's files. */
export function pageTemplate(sources: readonly OverlaySource[]): OverlaySource {
  const found = sources.find(({ path }) => path === TEMPLATE);
  if (!found) throw new AirhiveError('usage', `overlays/host lacks ${TEMPLATE}`);
  return found;
}

export function planOverview(template: OverlaySource, profile: ResolvedProfile, described: Described): File {
  const view = {
    ...hostView(profile, described.version, described.missing),
    overview: overviewOf(profile, described),
  };
  const text = renderTemplate(OVERVIEW, Buffer.from(template.bytes).toString('utf8'), view);
  return fileOf(OVERVIEW, Buffer.from(text));
}

function overviewOf(profile: ResolvedProfile, { host, lock, missing, files }: Described): View {
  const { packages = [], firmware = [], absent = [] } = lock ?? {};
  const firmwareFiles = firmware.flatMap((one) => one.files.map(({ path }) => path));
  return {
    open: openPorts(profile),
    tunnelOnAny: profile.ssh.reverse && profile.firewall.only === 'any' && profile.wifi.accessPoint === null,
    loaderPackage: { grub: 'grub2-bhyve', uefi: 'bhyve-firmware' }[profile.machine.loader],
    changes: changesOf(profile, host),
    files: files.map((file) => ({ ...file, size: sizeText(file.size) })),
    hasPackages: packages.length > 0,
    packages: packages.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    hasFirmware: firmware.length > 0,
    firmware: firmware.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    firmwareCount: firmwareFiles.length === 1 ? '1 file' : `${firmwareFiles.length} files`,
    firmwareFiles: firmwareFiles.join(', '),
    missing: missingText(missing, absent),
  };
}

/** With the units of `ls -h`: powers of 1024. */
function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** As the guest's packet filter has it (etc/airhive/firewall.rules). */
function openPorts(profile: ResolvedProfile): { from: string; reaches: string }[] {
  const { firewall, ssh, network, wifi } = profile;
  const ports = [
    ...(ssh.reverse ? [`TCP port ${ssh.port} (reverse tunnel): port ${ssh.to} of this host`] : []),
    ...firewall.forwards.map(
      ({ protocol, port, to }) => `${protocol.toUpperCase()} port ${port} (forward): port ${to} of this host`,
    ),
  ];
  // firewall.only is about ports of this host; the reflector looks at the mark "public" only (usr/libexec/airhive/mdns).
  const mdns = network.mdns ? '; multicast DNS, which the guest repeats, in networks not marked public' : '';
  const when = firewall.only === 'trusted' ? 'in networks marked as trusted only: ' : '';
  const reached = ports.length > 0 ? `; ${when}${ports.join('; ')}` : '';
  const rest = `${mdns}${reached}` || '; nothing of this host';
  return wifi.accessPoint
    ? [
        {
          from: 'clients of the access point',
          reaches: `the guest by ping, its DHCP and DNS${rest}; the Internet`,
        },
        { from: 'this host', reaches: 'the guest by ping and ssh (keys only)' },
      ]
    : [
        { from: 'the Wi-Fi', reaches: `the guest by ping${rest}` },
        {
          from: 'this host, jails, other VMs',
          reaches:
            'the guest by ping, DHCP, DNS and ssh (keys only); the Wi-Fi and the Internet, translated (NAT)',
        },
      ];
}

function missingText({ packages, firmware }: Described['missing'], absent: readonly string[]): string[] {
  return [
    ...(packages.length > 0
      ? [
          `Packages: ${packages.join(', ')}. Without them the guest joins the Wi-Fi first, downloads them there, and is a gateway only then.`,
        ]
      : []),
    ...(firmware.length > 0
      ? [
          `Firmware: ${firmware.join(', ')}. A card that needs it does not come up: build again with a network.`,
        ]
      : []),
    ...(absent.length > 0 ? [`Firmware that no package of Alpine has: ${absent.join(', ')}.`] : []),
  ];
}

/** The snippets of the host's files, in the order of a start, and the file that each is for. */
const SNIPPETS: readonly (readonly [file: string, snippet: string])[] = [
  ['/boot/loader.conf', 'snippets/loader.conf'],
  ['/etc/rc.conf', 'snippets/rc.conf'],
  ['/etc/sysctl.conf', 'snippets/sysctl.conf'],
  ['/etc/resolvconf.conf', 'snippets/resolvconf.conf'],
  ['/etc/ip6addrctl.conf', 'snippets/ip6addrctl.conf'],
];

/** A reason and the lines that it is for; either may be empty. */
type Part = Readonly<Record<'reason' | 'lines', string>>;

function changesOf({ network }: ResolvedProfile, host: Tree): View[] {
  return SNIPPETS.flatMap(([file, path]) => {
    const snippet = host.find((entry) => entry.path === path);
    if (snippet?.type !== 'file' || (file === '/etc/ip6addrctl.conf' && !network.ipv6)) return [];
    return [{ file, parts: partsOf(Buffer.from(snippet.bytes).toString('utf8')) }];
  });
}

/** The paragraphs of a snippet: comments become sentences, and lines, also those indented within comments, stay lines. */
function partsOf(snippet: string): Part[] {
  const parts: { reason: string[]; lines: string[] }[] = [];
  let open: (typeof parts)[number] | undefined;
  for (const line of snippet.split('\n')) {
    const comment = /^# ?(.*)$/.exec(line)?.[1];
    const isReason = comment !== undefined && !/^\s/.test(comment);
    if (line === '') open = undefined;
    else {
      if (open === undefined || (isReason && open.lines.length > 0))
        parts.push((open = { reason: [], lines: [] }));
      if (isReason) open.reason.push(comment);
      else open.lines.push((comment ?? line).trim());
    }
  }
  return parts.map(({ reason, lines }) => ({ reason: reason.join(' '), lines: lines.join('\n') }));
}
