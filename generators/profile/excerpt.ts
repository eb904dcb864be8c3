import type { Path } from './path.ts';

/** A name that carries a secret, its colon or equals sign, and all that follows on the line. */
const SECRET =
  /([A-Za-z0-9_-]*(?:psk|pass_?(?:word|phrase|wd)|secret|wep_key)[A-Za-z0-9_-]*)(["']?\s*[:=])\s*\S.*$/i;

/**
 * The line that starts at offset `start`, as the user wrote it. A passphrase that was put where none belongs is not repeated:
 * diagnostics end up in logs and bug reports.
 */
export function excerptOf(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  const written = text.slice(start, end < 0 ? undefined : end);
  return written.replace(/\r$/, '').replace(SECRET, '$1$2 (hidden)');
}

const SECRET_KEY =
  /^(ssids?|(wpa_?)?psk|pass_?(word|phrase|wd)|secrets?|sae_password|wep_key[0-9]?|private_key)$/i;

/** Whether an unknown key in the group `around` looks like something that only a secrets file may hold. */
export function namesSecret(key: string, around: Path): boolean {
  return SECRET_KEY.test(key) || (around.at(-1) === 'wifi' && /^networks?$/i.test(key));
}
