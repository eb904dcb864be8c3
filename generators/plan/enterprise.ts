import { createHash } from 'node:crypto';
import type { Enterprise } from '../profile/enterprise.ts';

/** Where the guest has the files of the site disk. */
const PLACE = '/run/airhive/site';
/** Of the public CAs (Alpine's package ca-certificates-bundle). */
const SYSTEM_CA = '/etc/ssl/cert.pem';

/** The lines of the block, as the host's lib/enterprise writes them. */
export function enterpriseSettings(network: Enterprise): string[] {
  const { eap, phase2, ca } = network;
  const inner =
    phase2 === null
      ? null
      : `${eap === 'ttls' && /^(gtc|md5)$/.test(phase2) ? 'autheap' : 'auth'}=${phase2.toUpperCase()}`;
  return [
    ...['key_mgmt=WPA-EAP WPA-EAP-SHA256', 'ieee80211w=1', `eap=${eap.toUpperCase()}`],
    ...text('identity', network.identity),
    ...text('anonymous_identity', network.anonymous),
    ...(eap === 'tls' ? [] : text('password', network.password)),
    ...text('phase2', inner),
    ...(ca === 'system' ? [`ca_cert="${SYSTEM_CA}"`] : file('ca_cert', 'ca', ca)),
    ...text('domain_suffix_match', network.domainSuffix),
    ...file('client_cert', 'client', network.clientCert),
    ...file('private_key', 'key', network.clientKey),
    ...(eap === 'tls' ? text('private_key_passwd', network.password) : []),
  ];
}

/** The files that these lines name. */
export function enterpriseFiles({ ca, clientCert, clientKey }: Enterprise): Record<string, string> {
  const files = { ca: ca === 'system' ? null : ca, client: clientCert, key: clientKey };
  return Object.fromEntries(
    Object.entries(files).flatMap(([kind, pem]) => (pem === null ? [] : [[nameOf(kind, pem), pem]])),
  );
}

/** Kind and content: another content has another name. */
function nameOf(kind: string, pem: string): string {
  return `${kind}-${createHash('sha256').update(pem).digest('hex').slice(0, 16)}.pem`;
}

function file(setting: string, kind: string, pem: string | null): string[] {
  return pem === null ? [] : [`${setting}="${PLACE}/${nameOf(kind, pem)}"`];
}

/** In quotes when every byte is plain, else as digits: strings in quotes know no escapes, and a # may begin a comment. */
function text(setting: string, value: string | null): string[] {
  if (value === null) return [];
  const isPlain = /^[\x20-\x7e]*$/.test(value) && !/["\\#]/.test(value);
  return [`${setting}=${isPlain ? `"${value}"` : Buffer.from(value).toString('hex')}`];
}
