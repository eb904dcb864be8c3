import { fileOf, treeOf, type File, type Tree } from '../formats/tree.ts';
import type { ResolvedDevice, ResolvedProfile } from '../profile/resolve.ts';
import { planOverlay, type OverlaySource } from './overlay.ts';
import { encodeProfileManual } from './profile-manual.ts';
import type { View } from './render.ts';
import { planTroubleshooting } from './troubleshooting.ts';

/** The card's slot in the guest; more cards take the ones after the network's (6) and the entropy device's (7). */
const CARD_SLOTS = [5, 8, 9, 10, 11, 12, 13, 14];

/** What the FreeBSD side's files are made from: those of overlays/host, and the page docs/troubleshooting.md. */
export interface HostSources {
  readonly overlay: readonly OverlaySource[];
  readonly troubleshooting: Uint8Array;
}

/** The FreeBSD side's files, as they lie in the bundle. */
export function planHost(profile: ResolvedProfile, sources: HostSources, version: string): Tree {
  return treeOf([
    ...planOverlay(sources.overlay, hostView(profile, version)),
    profileManual(profile),
    planTroubleshooting(sources.troubleshooting, profile),
  ]);
}

/** Beside the manual pages of overlays/host/man. Dated like the release, so that no clock is asked. */
function profileManual({ release }: ResolvedProfile): File {
  const bytes = Buffer.from(encodeProfileManual(release.date));
  return fileOf('man/airhive-profile.5', bytes);
}

/** The names that templates in overlays/host may use. */
export function hostView(profile: ResolvedProfile, version: string): View {
  const { machine, network, release, host, ssh } = profile;
  const devices = placeDevices(profile.passthrough);
  const isoUrls = profile.alpine.mirrors.map((mirror) => `${mirror}/${release.path}`);
  const passthruArgs = devices.map((device) => `${device.guestSlot},passthru,${device.pci}`);
  return {
    profile: profile.name,
    version,
    vm: machine.name,
    cpus: machine.cpus,
    memory: machine.memory,
    loader: machine.loader,
    console: machine.console,
    kernel: release.kernel,
    release: release.release,
    iso: release.file,
    isoSha256: release.sha256,
    isoSize: release.size,
    isoUrls,
    isoUrlList: isoUrls.join(' '),
    directory: host.directory,
    bridge: network.bridge,
    tap: network.tap,
    host: network.host,
    guest: network.guest,
    prefix: network.prefix,
    netmask: network.netmask,
    subnet: network.subnet,
    dns: network.dns,
    ipv6: network.ipv6 && { ...network.ipv6 },
    devices,
    deviceList: devices.map((device) => `${device.pci}=${device.id}`).join(' '),
    passthruArgs,
    passthruList: passthruArgs.join(' '),
    pptdevs: devices.map((device) => device.pci).join(' '),
    drivers: [...new Set(profile.passthrough.flatMap((device) => device.drivers))].join(' '),
    freebsd: host.freebsd.text,
    freebsdMajor: host.freebsd.major,
    country: profile.wifi.country,
    retire: host.retire,
    retireList: host.retire.join(' '),
    reverse: ssh.reverse ? { port: ssh.port, to: ssh.to } : null,
    reversePort: ssh.reverse ? ssh.port : '',
    reverseTo: ssh.reverse ? ssh.to : '',
    stateSize: '512M',
  };
}

type PlacedDevice = View & { readonly pci: string; readonly id: string; readonly guestSlot: string };

/**
 * Functions of one card share a guest slot and keep their numbers there, but a guest looks for the others only when
 * function 0 exists (docs/notes/freebsd.md): the Wi-Fi of many chipsets is function 3 alone and becomes 0.
 */
function placeDevices(devices: readonly ResolvedDevice[]): PlacedDevice[] {
  const cards = [...new Set(devices.map(cardOf))];
  return devices.map((device) => {
    const functions = devices.filter((other) => cardOf(other) === cardOf(device)).map((other) => other.func);
    const func = functions.includes(0) ? device.func : functions.indexOf(device.func);
    return {
      pci: device.pci,
      selector: `pci0:${device.bus}:${device.slot}:${device.func}`,
      vendor: device.vendor,
      device: device.device,
      id: device.id,
      guestSlot: `${CARD_SLOTS[cards.indexOf(cardOf(device))] ?? 0}:${func}`,
      drivers: device.drivers.join(' '),
    };
  });
}

function cardOf(device: ResolvedDevice): string {
  return `${device.bus}/${device.slot}`;
}
