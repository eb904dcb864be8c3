import { CONSOLE, filled } from '../formats/columns.ts';
import type { Missing } from '../formats/manifest.ts';
import { fileOf, treeOf, type File, type Tree } from '../formats/tree.ts';
import { keepsAddresses } from '../profile/releases.ts';
import type { ResolvedDevice, ResolvedProfile } from '../profile/resolve.ts';
import { planOverlay, type OverlaySource, type View } from './render.ts';

/** The card's slot in the guest; more cards take the ones after the network's (6) and the entropy device's (7). */
const CARD_SLOTS = [5, 8, 9, 10, 11, 12, 13, 14];

/** What the FreeBSD side's files are made from: those of overlays/host and overlays/shared, and the page docs/troubleshooting.md. */
export interface HostSources {
  readonly overlay: readonly OverlaySource[];
  readonly troubleshooting: Uint8Array;
}

const NOTHING: Missing = { packages: [], firmware: [] };

/** The FreeBSD side's files, as they lie in the bundle. */
export function planHost(
  profile: ResolvedProfile,
  sources: HostSources,
  version: string,
  missing: Missing = NOTHING,
): Tree {
  const files = planOverlay(overlayFor(profile, sources.overlay), hostView(profile, version, missing));
  return treeOf([
    ...files.map((file) => {
      if (file.path === 'README.txt') return { ...file, bytes: Buffer.from(wrapped(textOf(file))) };
      return file.path === PROFILE_PAGE ? dated(file, profile.release.date) : file;
    }),
    planTroubleshooting(sources.troubleshooting, profile),
  ]);
}

/** These snippets are for the host of an access point. */
function overlayFor({ wifi }: ResolvedProfile, sources: readonly OverlaySource[]): readonly OverlaySource[] {
  return wifi.accessPoint
    ? sources
    : sources.filter(({ path }) => !path.startsWith('snippets/access-point.'));
}

/** Made from the schema; its keys are those of every release, but its date must not be that of its making. */
const PROFILE_PAGE = 'man/airhive-profile.5';

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** A page of mdoc(7) with another date, in seconds since 1970. */
function dated(page: File, seconds: number): File {
  const date = new Date(seconds * 1000);
  const line = `.Dd ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  return {
    ...page,
    bytes: Buffer.from(textOf(page).replace(/^\.Dd .*$/m, line)),
  };
}

const textOf = ({ bytes }: File): string => Buffer.from(bytes).toString('utf8');

/**
 * A plain text with its paragraphs filled anew: what a profile puts into them may be long. Indented lines are commands and
 * tables, and a line of dashes has a title above it.
 */
export function wrapped(text: string): string {
  const lines = text.split('\n');
  const isFixed = (line = '', next = ''): boolean => /^($| |[-=]+$)/.test(line) || /^[-=]+$/.test(next);
  const out: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    if (paragraph.length > 0) out.push(...filled(paragraph.join(' '), CONSOLE));
    paragraph = [];
  };
  for (const [index, line] of lines.entries()) {
    if (!isFixed(line, lines[index + 1])) paragraph.push(line);
    else {
      endParagraph();
      out.push(line);
    }
  }
  endParagraph();
  return out.join('\n');
}

/** The names that templates in overlays/host may use: the groups of the profile, and what follows from them. */
export function hostView(profile: ResolvedProfile, version: string, missing: Missing = NOTHING): View {
  const { name, text: _text, ...groups } = profile;
  const { alpine, release, passthrough, host, ssh, firewall } = groups;
  return {
    ...groups,
    profile: name,
    version,
    ap: profile.wifi.accessPoint,
    bridgeRange: `${profile.network.subnet}/${profile.network.prefix}`,
    isoUrls: alpine.mirrors.map((mirror) => `${mirror}/${release.path}`).join(' '),
    cards: cardsView(passthrough),
    retired: host.retire.join(' '),
    reversePort: ssh.reverse ? ssh.port : '',
    reverseTo: ssh.reverse ? ssh.to : '',
    onlyTrusted: firewall.only === 'trusted',
    keepsAddresses: keepsAddresses(release.release) ? '1' : '',
    stateSize: '512M',
    packagesMissing: missing.packages.join(' '),
    firmwareMissing: missing.firmware.join(' '),
    ...pageView(groups),
  };
}

/** What lib/page.html has beside the rest; the page of the bundle has an overview in the place of null. */
function pageView({ ssh, firewall }: Pick<ResolvedProfile, 'ssh' | 'firewall'>): View {
  const [first, ...others] = firewall.forwards.map(
    ({ protocol, port }) => `${protocol.toUpperCase()} ${port}`,
  );
  return {
    overview: null,
    nothingOpen: !ssh.reverse && first === undefined,
    forwardsText: others.length > 0 ? `${others.length + 1} forwards` : (first ?? ''),
  };
}

/** The cards with a place, and the one that vm_install looks for. */
function cardsView(passthrough: readonly ResolvedDevice[]): View {
  const placed = passthrough.filter(hasPlace);
  const slots = slotsOf(placed);
  const wanted = passthrough.find(({ pci }) => pci === 'auto');
  const used = new Set(slots.map((slot) => Number.parseInt(slot, 10)));
  const ids = placed.map(({ pci, ids: [id = ''] }) => `${pci}=${id}`);
  const sought = wanted?.maker === undefined ? (wanted?.ids ?? []).join(' or ') : `any of ${wanted.maker}`;
  return {
    ids: ids.join(' '),
    /** For people. */
    what: [...ids, ...(wanted ? [`${sought}, where vm_install finds it`] : [])].join('; '),
    slots: slots.join(' '),
    pptdevs: placed.map(({ pci }) => pci).join(' '),
    drivers: [...new Set(passthrough.flatMap(({ drivers }) => drivers))].join(' '),
    forced: [...new Set(passthrough.filter(({ force }) => force).flatMap(({ ids }) => ids))].join(' '),
    needing: [...new Set(passthrough.flatMap(({ firmwareFor }) => firmwareFor))].join(' '),
    wanted: wanted?.ids.join(' ') ?? '',
    wantedMaker: wanted?.maker ?? '',
    wantedSlot: wanted ? `${CARD_SLOTS.find((slot) => !used.has(slot)) ?? 0}:0` : '',
  };
}

type PlacedDevice = ResolvedDevice & { readonly place: NonNullable<ResolvedDevice['place']> };

const hasPlace = (device: ResolvedDevice): device is PlacedDevice => device.place !== undefined;

/**
 * The devices as arguments of bhyve's -s. Functions of one card share a guest slot and keep their numbers there, but a guest
 * looks for the others only when function 0 exists (docs/notes/freebsd.md): the Wi-Fi of many chipsets is function 3 alone
 * and becomes 0.
 */
function slotsOf(devices: readonly PlacedDevice[]): string[] {
  const cardOf = ({ place: { bus, slot } }: PlacedDevice) => `${bus}/${slot}`;
  const cards = [...new Set(devices.map(cardOf))];
  return devices.map((device) => {
    const functions = devices
      .filter((other) => cardOf(other) === cardOf(device))
      .map(({ place: { func } }) => func);
    const own = device.place.func;
    const func = functions.includes(0) ? own : functions.indexOf(own);
    return `${CARD_SLOTS[cards.indexOf(cardOf(device))] ?? 0}:${func},passthru,${device.pci}`;
  });
}

/**
 * The page docs/troubleshooting.md for one bundle: its commands name the directories, addresses and interfaces of the profile
 * intel8260, and here those of `profile`, so that they can be typed as they stand.
 */
export function planTroubleshooting(page: Uint8Array, profile: ResolvedProfile): File {
  const own = namesOf(profile);
  const anyExample = new RegExp(
    Object.keys(own)
      .map((example) => `${example.replaceAll('.', '\\.')}(?![A-Za-z0-9-])`)
      .join('|'),
    'g',
  );
  const text = Buffer.from(page).toString('utf8');
  const bytes = Buffer.from(text.replace(anyExample, (example) => own[example] ?? example));
  return fileOf('troubleshooting.md', bytes);
}

/** What the page says of intel8260, and what is so in this profile; what another one begins with comes after that. */
function namesOf({ host, machine, network, passthrough: [card] }: ResolvedProfile): Record<string, string> {
  return {
    '/mnt/vm_bhyve/linuxguest': host.directory,
    'bhyve: airhive': `bhyve: ${machine.name}`,
    '172.24.1.49/24': `${network.host}/${network.prefix}`,
    '172.24.1.49': network.host,
    '172.24.1.1': network.guest,
    bridge0: network.bridge,
    tap0: network.tap,
    '8086:24f3': card?.ids.length === 1 ? (card.ids[0] ?? '') : '8086:24f3',
    '0x24f3': card?.ids.length === 1 ? `0x${card.ids[0]?.split(':')[1] ?? ''}` : '0x24f3',
  };
}
