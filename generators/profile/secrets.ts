import * as z from 'zod';
import type { Diagnostic } from '../errors.ts';
import {
  error,
  parseYaml,
  toDiagnostics,
  valueAt,
  wasRefused,
  type Problem,
  type Source,
  type YamlDocument,
} from './document.ts';
import { enterpriseKeys, enterpriseProblem, toEnterprise, type Enterprise } from './enterprise.ts';
import { keysAt, pathOf } from './issues.ts';
import { MAC_POLICIES, type MacPolicy } from './schema.ts';

/** One known network. `passphrase` null: an open one. 64 hexadecimal digits: the raw key. `mac` null: as the profile says. */
export interface SiteNetwork {
  readonly ssid: Uint8Array;
  readonly passphrase: string | null;
  readonly hidden: boolean;
  readonly priority: number;
  readonly trusted: boolean;
  readonly public: boolean;
  readonly legacy: boolean;
  readonly mac: MacPolicy | null;
  /** WPA-Enterprise: then there is no passphrase. */
  readonly enterprise?: Enterprise | undefined;
}

/** What belongs to one machine (its site disk). Keys are lines of authorized_keys(5); hostKey may be ''. */
export interface SiteSecrets {
  readonly networks: readonly SiteNetwork[];
  readonly adminKeys: readonly string[];
  readonly tunnelKeys: readonly string[];
  readonly hostKey: string;
}

// IEEE 802.11: an SSID has 1 to 32 bytes; a WPA passphrase has 8 to 63 characters of ASCII, or is the key itself as 64
// hexadecimal digits. Access points and wpa_supplicant take any bytes but control characters.
const ssidText = z
  .string({ error: 'the name of a network, in quotes' })
  .refine((text) => Buffer.byteLength(text) >= 1 && Buffer.byteLength(text) <= 32, {
    error: '1 to 32 bytes long',
  });
const ssidHex = z
  .string({ error: 'the bytes of the name in hexadecimal, in quotes' })
  .regex(/^([0-9a-fA-F]{2}){1,32}$/, { error: '2 to 64 hexadecimal digits, two for each byte' });
const passphrase = z.string({ error: '8 to 63 characters, in quotes' }).refine(isPassphrase, {
  error: '8 to 63 bytes without control characters, or the raw key as 64 hexadecimal digits',
});
const publicKey = z
  .string({ error: 'a public key line' })
  .regex(/^(ssh|ecdsa|sk)-[a-z0-9@.-]+ AAAA[A-Za-z0-9+/=]+( [\x20-\x7e]*)?$/, {
    error: 'one line of a .pub file, such as: ssh-ed25519 AAAA... name',
  });

function isPassphrase(text: string): boolean {
  const length = Buffer.byteLength(text);
  return /^[0-9a-fA-F]{64}$/.test(text) || (length >= 8 && length <= 63 && !/\p{Cc}/u.test(text));
}

const yesOrNo = z.boolean({ error: 'true or false' }).default(false);

const networkSchema = z
  .strictObject(
    {
      ssid: ssidText.optional(),
      ssid_hex: ssidHex.optional(),
      passphrase: passphrase.optional(),
      open: z.literal(true, { error: 'true, or left out' }).optional(),
      hidden: yesOrNo,
      priority: z
        .int({ error: 'a whole number' })
        .min(0, { error: '0 or more' })
        .max(1000, { error: 'at most 1000' })
        .default(0),
      trusted: yesOrNo,
      public: yesOrNo,
      legacy: yesOrNo,
      mac: z
        .enum(MAC_POLICIES, { error: MAC_POLICIES.join(', ').replace(/, (?=[^,]*$)/, ' or ') })
        .optional(),
      ...enterpriseKeys,
    },
    { error: 'a network: ssid and passphrase' },
  )
  .refine((network) => (network.ssid === undefined) !== (network.ssid_hex === undefined), {
    error: 'named by either ssid or ssid_hex',
  })
  .refine(
    ({ passphrase, open, eap }) =>
      [passphrase, open, eap].filter((value) => value !== undefined).length === 1,
    { error: 'given either a passphrase, "open: true" or eap' },
  )
  .check((context) => {
    const message = enterpriseProblem(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message });
  });

function areDifferent(networks: readonly z.infer<typeof networkSchema>[]): boolean {
  const names = networks.map((network) => Buffer.from(ssidOf(network)).toString('hex'));
  return new Set(names).size === names.length;
}

function ssidOf({ ssid, ssid_hex }: z.infer<typeof networkSchema>): Uint8Array {
  return ssid === undefined ? Buffer.from(ssid_hex ?? '', 'hex') : Buffer.from(ssid);
}

const secretsSchema = z.strictObject(
  {
    networks: z
      .array(networkSchema, { error: 'a list of networks' })
      .max(64, { error: 'at most 64 networks' })
      .refine(areDifferent, {
        error: 'networks of different names',
      })
      .default([]),
    admin_keys: z.array(publicKey, { error: 'a list of public keys' }).default([]),
    tunnel_keys: z.array(publicKey, { error: 'a list of public keys' }).default([]),
    ssh_host_ed25519_key: z
      .string({ error: 'the text of a private key, after `|`' })
      .regex(/^-----BEGIN OPENSSH PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END OPENSSH PRIVATE KEY-----\n?$/, {
        error: 'the whole text that ssh-keygen -t ed25519 wrote, after `|`',
      })
      .default(''),
  },
  { error: 'a group of keys: networks, admin_keys, tunnel_keys, ssh_host_ed25519_key' },
);

/**
 * Reads the file given with --secrets. `secrets` is there exactly when nothing is wrong. No message, path or excerpt
 * repeats anything that was written, not even a key: messages end up in logs.
 */
export function parseSecrets(source: Source): { secrets?: SiteSecrets; diagnostics: readonly Diagnostic[] } {
  const document = parseYaml(source);
  const parsed = secretsSchema.safeParse(document.value ?? {});
  const problems = [
    ...document.problems.map((problem) => unreadable(document, problem)),
    ...(parsed.error?.issues ?? []).flatMap((issue) => secretProblems(document, issue)),
    ...cutOff(document),
  ];
  const diagnostics = toDiagnostics(document, problems).map((found) => ({ ...found, excerpt: '' }));
  if (!parsed.success || problems.length > 0) return { diagnostics };
  return { secrets: toSecrets(parsed.data), diagnostics };
}

const UNREADABLE =
  'this cannot be read; check the indentation and the quotes, and that no key stands there twice, nor *, & or ! outside ' +
  'of quotes';

/** The parser's own words may repeat a part of the file. */
function unreadable({ source, places }: YamlDocument, { path, at, offset }: Problem): Problem {
  const message = source.text.trim() === '' ? 'the file is empty' : UNREADABLE;
  return { ...error([], message), offset: offset ?? places.offsetOf(path, at ?? 'value') };
}

/** YAML takes a # behind a space for the start of a comment. In a name or a passphrase it was hardly meant so. */
function cutOff({ source, value, places }: YamlDocument): Problem[] {
  const networks = valueAt(value, ['networks']);
  return (Array.isArray(networks) ? networks : []).flatMap((network: unknown, index) =>
    Object.entries(typeof network === 'object' && network !== null ? network : {}).flatMap(([key, one]) => {
      const path = ['networks', index, key];
      const end = places.get(path)?.plainEnd;
      const isCut =
        typeof one === 'string' && end !== undefined && /^[ \t]+#/.test(source.text.slice(end, end + 256));
      return isCut ? [error(path, `${key} ends before the " #", where a comment begins. ${QUOTES}`)] : [];
    }),
  );
}

const QUOTES = 'Put the whole value in quotes, "like #this"; a comment may stand behind the second quote';

function secretProblems({ value, places }: YamlDocument, issue: z.core.$ZodIssue): Problem[] {
  const path = pathOf(issue);
  if (wasRefused(valueAt(value, path))) return [];
  if (issue.code === 'unrecognized_keys') {
    const known = `unknown key; known here: ${keysAt(secretsSchema, path).join(', ')}`;
    // A misplaced secret may be the key.
    return issue.keys.map((key) => ({
      ...error(path, known),
      offset: places.offsetOf([...path, key], 'key'),
    }));
  }
  return [error(path, `${path.length === 0 ? 'the file' : 'this'} has to be ${issue.message}`)];
}

function toSecrets(data: z.infer<typeof secretsSchema>): SiteSecrets {
  return {
    networks: data.networks.map((network) => ({
      ssid: ssidOf(network),
      passphrase: network.passphrase ?? null,
      hidden: network.hidden,
      priority: network.priority,
      trusted: network.trusted,
      public: network.public,
      legacy: network.legacy,
      mac: network.mac ?? null,
      enterprise: toEnterprise(network),
    })),
    adminKeys: data.admin_keys,
    tunnelKeys: data.tunnel_keys,
    hostKey: data.ssh_host_ed25519_key === '' ? '' : `${data.ssh_host_ed25519_key.trimEnd()}\n`,
  };
}
