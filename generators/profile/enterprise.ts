import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as z from 'zod';

/** Who joins a network of a university or company (WPA-Enterprise, 802.1X), and how its server is checked. */
export interface Enterprise {
  readonly eap: 'peap' | 'ttls' | 'tls' | 'pwd';
  readonly identity: string;
  readonly anonymous: string | null;
  readonly phase2: Phase2 | null;
  /** Of the identity, with tls of the key; null: the key has none. */
  readonly password: string | null;
  /** PEM; 'system': any public CA; null: the server is not checked, or proves itself by the password (pwd). */
  readonly ca: string | null;
  readonly domainSuffix: string | null;
  readonly clientCert: string | null;
  readonly clientKey: string | null;
}

const PHASE2 = ['mschapv2', 'gtc', 'md5', 'pap', 'chap', 'mschap'] as const;
type Phase2 = (typeof PHASE2)[number];

const text = (words: string) =>
  z
    .string({ error: words })
    .regex(/^[^\p{Cc}]+$/u, { error: words })
    .refine((value) => Buffer.byteLength(value) <= 253, { error: 'at most 253 bytes' });
const pem = (words: string, label: RegExp, isSound: (text: string) => boolean) =>
  z
    .string({ error: words })
    .regex(label, { error: `${words}, as PEM text after \`|\``, abort: true })
    .refine(isSound, { error: `${words} that is not damaged` });
const CERTIFICATE =
  /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----\n[^]*-----END [A-Z0-9 ]*CERTIFICATE-----\n?$/;
const KEY = /^-----BEGIN [A-Z ]*PRIVATE KEY-----\n[^]*-----END [A-Z ]*PRIVATE KEY-----\n?$/;

const reads = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};
const CERTIFICATES = /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^-]*-----END [A-Z0-9 ]*CERTIFICATE-----/g;
const isCertificate = (text: string): boolean =>
  (text.match(CERTIFICATES) ?? ['']).every((one) => reads(() => new X509Certificate(one)));
/** Without its password a locked key cannot be looked at. */
const isKey = (text: string): boolean => text.includes('ENCRYPTED') || reads(() => createPrivateKey(text));

/** The keys of a network in a file of secrets, as the options of vm_site add. */
export const enterpriseKeys = {
  eap: z.enum(['peap', 'ttls', 'tls', 'pwd'], { error: 'peap, ttls, tls or pwd' }).optional(),
  identity: text('the name to log in with').optional(),
  anonymous: text('the name that is sent in the clear').optional(),
  phase2: z.enum(PHASE2, { error: `one of ${PHASE2.join(', ')}` }).optional(),
  password: z
    .string({ error: 'a password, in quotes' })
    .refine((value) => value !== '' && Buffer.byteLength(value) <= 256, { error: '1 to 256 bytes long' })
    .optional(),
  ca: pem('the certificate of a CA', CERTIFICATE, isCertificate).optional(),
  ca_system: z.literal(true, { error: 'true, or left out' }).optional(),
  no_ca: z.literal(true, { error: 'true, or left out' }).optional(),
  domain_suffix: z
    .string({ error: 'the end of a server name' })
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/, { error: 'the end of a server name, such as example.org' })
    .optional(),
  client_cert: pem('a certificate', CERTIFICATE, isCertificate).optional(),
  client_key: pem('a private key', KEY, isKey).optional(),
};

type Given = z.infer<z.ZodObject<typeof enterpriseKeys>>;

/** What is wrong with these keys together; nothing when they are right. */
export function enterpriseProblem(given: Given): string | undefined {
  const { eap, phase2 } = given;
  if (eap === undefined)
    return Object.keys(enterpriseKeys).some((key) => given[key as keyof Given] !== undefined)
      ? 'given eap too, when it has an identity, a password or a CA'
      : undefined;
  if (given.identity === undefined) return 'given an identity, since it has eap';
  if ((eap === 'tls') !== (given.client_cert !== undefined && given.client_key !== undefined))
    return 'given client_cert and client_key with eap tls, and only then';
  if (eap !== 'tls' && given.password === undefined) return 'given a password, since it has eap';
  if (phase2 !== undefined && !(eap === 'ttls' || (eap === 'peap' && /^(mschapv2|gtc|md5)$/.test(phase2))))
    return 'given phase2 with eap peap (mschapv2, gtc, md5) or ttls only';
  return serverProblem(given, eap);
}

function serverProblem(given: Given, eap: Enterprise['eap']): string | undefined {
  const checks = [given.ca, given.ca_system, given.no_ca].filter((check) => check !== undefined).length;
  if (eap === 'pwd')
    return checks > 0 || given.domain_suffix !== undefined || given.anonymous !== undefined
      ? 'without ca, domain_suffix and anonymous, since eap pwd has no certificates'
      : undefined;
  if (checks > 1) return 'given only one of ca, ca_system and no_ca';
  if (given.no_ca && given.domain_suffix !== undefined)
    return 'without domain_suffix, since no_ca looks at none';
  return given.ca === undefined && given.no_ca === undefined && given.domain_suffix === undefined
    ? 'given ca or domain_suffix, since any server with a public certificate would be believed'
    : undefined;
}

export function toEnterprise(given: Given): Enterprise | undefined {
  const { eap } = given;
  if (eap === undefined) return undefined;
  const unchecked = eap === 'pwd' || given.no_ca === true;
  return {
    eap,
    identity: given.identity ?? '',
    anonymous: given.anonymous ?? null,
    phase2: given.phase2 ?? (eap === 'peap' || eap === 'ttls' ? 'mschapv2' : null),
    password: given.password ?? null,
    ca: unchecked ? null : (given.ca ?? 'system'),
    domainSuffix: given.domain_suffix ?? null,
    clientCert: given.client_cert ?? null,
    clientKey: given.client_key ?? null,
  };
}
