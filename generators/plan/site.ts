import { pbkdf2Sync } from 'node:crypto';
import { encodeFat } from '../formats/fat.ts';
import { enterpriseFiles, enterpriseSettings } from './enterprise.ts';
import type { SiteSecrets, SiteNetwork } from '../profile/secrets.ts';

const SITE_LABEL = 'AIRHIVESITE';
/** A file of secrets has 64 KiB at most, which this holds however it is written. */
const SITE_SIZE = 1024 * 1024;

/** The site disk: the networks and keys of one machine, in the four files that the guest copies into RAM at boot. */
export function encodeSite(secrets: SiteSecrets, epoch: number): Uint8Array {
  const texts: Readonly<Record<string, string>> = {
    'networks.conf': secrets.networks.map(networkBlock).join('\n'),
    admin_keys: lines(secrets.adminKeys),
    tunnel_keys: lines(secrets.tunnelKeys),
    ssh_host_ed25519_key: secrets.hostKey,
  };
  const certificates = secrets.networks.flatMap(({ enterprise }) =>
    enterprise === undefined ? [] : Object.entries(enterpriseFiles(enterprise)),
  );
  const files = Object.entries({ ...texts, ...Object.fromEntries(certificates) })
    .filter(([, text]) => text !== '')
    .map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  return encodeFat({ label: SITE_LABEL, files, time: epoch, size: SITE_SIZE });
}

function lines(values: readonly string[]): string {
  return values.map((value) => `${value}\n`).join('');
}

/** One block of wpa_supplicant.conf(5). */
function networkBlock(network: SiteNetwork): string {
  const settings = [`ssid=${wpaString(network.ssid)}`, ...security(network)];
  if (network.hidden) settings.push('scan_ssid=1');
  if (network.priority !== 0) settings.push(`priority=${network.priority}`);
  settings.push(...marks(network));
  return `network={\n${settings.map((setting) => `\t${setting}\n`).join('')}}\n`;
}

/** What the network is to its owner, for the guest: wpa_supplicant hands id_str on without reading it. */
function marks(network: SiteNetwork): string[] {
  const words = [...(network.trusted ? ['trusted'] : []), ...(network.public ? ['public'] : [])];
  return [
    ...(words.length > 0 ? [`id_str="${words.join(' ')}"`] : []),
    ...(network.mac === null ? [] : [`mac_addr=${MAC_SETTING[network.mac]}`]),
  ];
}

const MAC_SETTING = { permanent: 0, random: 1, 'per-network': 3 } as const;

/** Without these wpa_supplicant also takes WPA of 2003 and TKIP. */
function strictness({ legacy }: SiteNetwork): string[] {
  const ciphers = 'CCMP GCMP CCMP-256 GCMP-256';
  return legacy ? [] : ['proto=RSN', `pairwise=${ciphers}`, `group=${ciphers}`];
}

/** WPA2 and WPA3 alike from a passphrase; a raw key has no passphrase that WPA3 could use. */
function security(network: SiteNetwork): string[] {
  const { ssid, passphrase, enterprise } = network;
  if (enterprise !== undefined) return [...enterpriseSettings(enterprise), ...strictness(network)];
  if (passphrase === null) return ['key_mgmt=NONE'];
  if (/^[0-9a-fA-F]{64}$/.test(passphrase))
    return [`psk=${passphrase}`, 'key_mgmt=WPA-PSK', ...strictness(network)];
  const both = ['key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE', 'ieee80211w=1', ...strictness(network)];
  if (!/".*#/.test(passphrase)) return [`psk="${passphrase}"`, ...both];
  return [
    `psk=${rawKey(ssid, passphrase)}`,
    `sae_password=${Buffer.from(passphrase).toString('hex')}`,
    ...both,
  ];
}

/**
 * The key that WPA2 makes of a passphrase (IEEE 802.11-2020, J.4). wpa_supplicant takes a passphrase in quotes only, and
 * a # behind the second quote on a line for the start of a comment, so a passphrase with a quote and a # is cut off.
 */
function rawKey(ssid: Uint8Array, passphrase: string): string {
  return pbkdf2Sync(passphrase, ssid, 4096, 32, 'sha1').toString('hex');
}

/**
 * A string setting: quoted when every byte is plain, else the bytes in hexadecimal, which says the same and leaves
 * nothing to quote: strings in quotes know no escapes.
 */
function wpaString(bytes: Uint8Array): string {
  const plain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c);
  return plain ? `"${Buffer.from(bytes).toString('latin1')}"` : Buffer.from(bytes).toString('hex');
}
