import { gunzipSync } from 'node:zlib';
import type { Found } from './source.ts';

/** What no published bundle may contain: private keys, and passphrases where wpa_supplicant would read them. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/^[ \t]*(psk|sae_password|password|private_key_passwd|wep_key[0-3])=[^\s]/m, 'a Wi-Fi secret'],
];

/** One line for each thing that must not be published: data/, or a secret in any file, also inside the overlay. */
export function findSecrets(found: Found): string[] {
  const problems = found.hasData ? ['data/: it holds the secrets of one machine; publish the bundle without it'] : [];
  for (const [path, { bytes }] of found.files) {
    const text = Buffer.from(readable(path, bytes)).toString('latin1');
    for (const [pattern, what] of SECRETS) if (pattern.test(text)) problems.push(`${path}: it contains ${what}`);
  }
  return problems;
}

function readable(path: string, bytes: Uint8Array): Uint8Array {
  if (!path.endsWith('.gz')) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    // Damaged: the other checks say so.
    return bytes;
  }
}
