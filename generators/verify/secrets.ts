import { gunzipSync } from 'node:zlib';
import { writtenRuns } from '../disk/runs.ts';
import { LARGEST, type Found } from './found.ts';

/** What no published bundle may contain: private keys, and passphrases where wpa_supplicant would read them. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/^[ \t]*#?(psk|sae_password|password|private_key_passwd|wep_key[0-3])=[^\s]/m, 'a Wi-Fi secret'],
];

/** One line for each thing that must not be published: data/, or a secret in any file, in whatever it is packed. */
export function findSecrets(found: Found): string[] {
  const problems = found.hasData
    ? ['data/: it holds the secrets of one machine; publish the bundle without it']
    : [];
  for (const [path, { bytes }] of found.files) {
    for (const layer of layersOf(path, bytes)) {
      const text = textIn(layer.bytes);
      for (const [pattern, what] of SECRETS)
        if (pattern.test(text)) problems.push(`${layer.name}: it contains ${what}`);
    }
  }
  return problems;
}

/** Bytes as characters, without the large parts of images that are empty. */
function textIn(bytes: Uint8Array): string {
  const runs = writtenRuns(bytes).map(({ start, end }) => Buffer.from(bytes.subarray(start, end)));
  return runs.map((run) => run.toString('latin1')).join('\n');
}

interface Layer {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * A file, and what it holds when it is compressed. An archive shows its files as they are; what is on the vdisk is the
 * overlay beside it, or another check refuses it.
 */
function layersOf(name: string, bytes: Uint8Array): Layer[] {
  return [{ name, bytes }, ...(name.endsWith('.gz') ? unzipped(name, bytes) : [])];
}

function unzipped(name: string, bytes: Uint8Array): Layer[] {
  try {
    return layersOf(name.replace(/\.gz$/, ''), gunzipSync(bytes, { maxOutputLength: LARGEST }));
  } catch {
    return [];
  }
}
