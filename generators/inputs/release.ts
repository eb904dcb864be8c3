import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { onDisk, shownPath } from '../disk.ts';
import { AirhiveError, diskError, ownFileError } from '../errors.ts';
import { isIssuer, readPublicKey, type DetachedSignature, type PublicKey } from '../formats/openpgp.ts';
import { dayOf } from '../profile/releases.ts';
import { download, MemoryTarget, type DownloadPorts } from './download.ts';
import { feedHash } from './hash.ts';
import { urlsOf } from './obtain.ts';
import { readTextFile } from './profiles.ts';
import { notHad } from './repository.ts';

/** More than any of Alpine's files beside an ISO has. */
const LIMIT = 64 * 1024;

/**
 * A small text from the first of these mirrors that has it.
 * @throws AirhiveError network, verification when it is no text; the signal's reason when that fires
 */
export async function fetchText(
  path: string,
  mirrors: readonly string[],
  ports: DownloadPorts,
): Promise<string> {
  const target = new MemoryTarget();
  const wrong = () => Promise.resolve(undefined);
  const limits = { file: path, limit: LIMIT };
  const result = await download(Object.assign(target, { wrong }), limits, urlsOf(mirrors, path), ports);
  if ('reason' in result) throw notHad(path, result.reason);
  ports.reporter.step(`read ${path} from ${result.url}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(target.bytes());
  } catch (cause) {
    throw new AirhiveError('verification', `${result.url} is no text`, { cause });
  }
}

/** The key that Alpine signs its ISOs with (profiles/keys/README.md). */
const SHIPPED = 'profiles/keys/ncopa.asc';

/**
 * The key that may have signed an ISO: the user's, or Alpine's, which airhive ships.
 * @throws AirhiveError usage when the user's cannot be read as a key, verification when the key may not be used any more
 */
export async function readReleaseKey(
  wanted: string | undefined,
  { root, cwd, now }: { root: string; cwd: string; now: number },
): Promise<PublicKey> {
  const path = wanted === undefined ? join(root, SHIPPED) : resolve(cwd, wanted);
  const shown = shownPath(path, cwd);
  try {
    const key = readPublicKey(await readTextFile(path, shown), shown);
    refuseEndedKey(key, shown, now);
    return key;
  } catch (error) {
    if (error instanceof KeyRefusal) throw error;
    if (error instanceof AirhiveError) throw unusableKey(wanted, error);
    throw wanted === undefined ? ownFileError(path, error) : diskError('read', shown, error);
  }
}

class KeyRefusal extends AirhiveError {}

function unusableKey(wanted: string | undefined, { message }: AirhiveError): AirhiveError {
  return wanted === undefined
    ? new AirhiveError('environment', `a part of airhive is damaged: ${message}`, {
        hint: 'install airhive again, as a whole',
      })
    : new AirhiveError('usage', message, { hint: 'gpg --armor --export ID writes a key as it has to be' });
}

function refuseEndedKey(
  { fingerprint, owner, expires, revoked }: PublicKey,
  shown: string,
  now: number,
): void {
  const reason = revoked
    ? 'was revoked by its owner'
    : expires !== undefined && expires <= now
      ? `expired on ${dayOf(expires)}`
      : undefined;
  if (reason === undefined) return;
  throw new KeyRefusal('verification', `the key ${fingerprint} of ${owner} (${shown}) ${reason}`, {
    hint: 'what it signed is not believed; take a newer airhive, or name the new key of the same owner with --key',
  });
}

/** What can be told without the file. @throws AirhiveError verification */
export function checkIssuer(
  signature: DetachedSignature,
  key: PublicKey,
  { what, now }: { what: string; now: number },
): void {
  const { issuer, created, expires } = signature;
  const refused = (problem: string) =>
    new AirhiveError('verification', `${what} ${problem}`, {
      hint: 'nothing was written; try another mirror (--mirror), and tell the people who run this one',
    });
  if (!isIssuer(signature, key))
    throw refused(
      `is by the key ${issuer === '' ? 'of nobody that it names' : issuer}, and only ${key.fingerprint} of ` +
        `${key.owner} is believed`,
    );
  if (created < key.created) throw refused(`was made before its key: on ${dayOf(created)}`);
  if (created > now)
    throw refused(
      `was made on ${dayOf(created)}, which is in the future; is the clock of this machine right?`,
    );
  if (expires !== undefined && expires <= now) throw refused(`expired on ${dayOf(expires)}`);
}

/** Reads the whole file. @throws AirhiveError verification when it is not what the key signed, disk; the signal's reason */
export async function checkSigned(
  { path, file }: { path: string; file: string },
  signature: DetachedSignature,
  key: PublicKey,
  signal: AbortSignal,
): Promise<void> {
  const verify = signature.begin();
  const handle = await onDisk('read', path, () => open(path));
  try {
    await feedHash(handle, verify, path, signal);
  } finally {
    await handle.close();
  }
  if (signature.isBy(key, verify)) return;
  throw new AirhiveError(
    'verification',
    `${file} is not what ${key.fingerprint} of ${key.owner} has signed`,
    {
      hint: 'nothing was written: either its SHA-256 on this mirror or the signature is a forgery, or damaged',
    },
  );
}
