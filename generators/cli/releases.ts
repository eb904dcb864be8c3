import { access, constants } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { onDisk, shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { readSignature, type DetachedSignature, type PublicKey } from '../formats/openpgp.ts';
import { obtainIso } from '../inputs/iso.ts';
import { readReleases } from '../inputs/profiles.ts';
import { checkIssuer, checkSigned, fetchText, readReleaseKey } from '../inputs/release.ts';
import { replaceFile } from '../inputs/repository.ts';
import { describe } from '../profile/diagnostics.ts';
import { unsupportedReason } from '../profile/issues.ts';
import {
  assume,
  pinDifferences,
  pinLines,
  readLatest,
  readSum,
  withPin,
  type Assumed,
  type Offered,
  type Wanted,
} from '../profile/new-pin.ts';
import { ageInDays, branchOf, dayOf, isoName, type ReleasePin } from '../profile/releases.ts';
import { ALPINE_MIRRORS, archField, flavorField, parseMirror, releaseField } from '../profile/schema.ts';
import { cacheDirectory } from './cache-directory.ts';
import { loadReleases } from './prepare.ts';
import type { Outcome, VerbContext } from './world.ts';

export interface ReleasesOptions {
  readonly releases?: string;
  readonly flavor?: string;
  readonly arch?: string;
  readonly mirror?: readonly string[];
  readonly key?: string;
  readonly iso?: string;
  readonly cache?: string;
}

/** Lists the pinned releases, or adds one. */
export async function releases(
  words: readonly string[],
  options: ReleasesOptions,
  context: VerbContext,
): Promise<Outcome> {
  const [action, release, ...more] = words;
  if (action === undefined) return list(options, context);
  if (action !== 'add' || release === undefined || more.length > 0)
    throw new AirhiveError(
      'usage',
      `airhive releases ${words.map((word) => describe(word)).join(' ')} is no command`,
      {
        hint: 'airhive releases lists the pins; airhive releases add 3.24.2 adds one',
      },
    );
  try {
    return await add(wantedOf(release, options), options, context);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted; nothing was written', { cause: error });
  }
}

async function list(options: ReleasesOptions, context: VerbContext): Promise<Outcome> {
  const only = (['flavor', 'arch', 'mirror', 'key', 'iso', 'cache'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (only !== undefined) throw new AirhiveError('usage', `--${only} goes with airhive releases add`);
  const pins = await loadReleases(options.releases, context);
  const now = context.now();
  const rows = pins.map((pin) => ({
    ...{ release: pin.release, flavor: pin.flavor, arch: pin.arch, kernel: pin.kernel, file: pin.file },
    ...{ sha256: pin.sha256, size: pin.size, witnesses: pin.witnesses, date: dayOf(pin.date) },
    ...{ age_days: ageInDays(pin, now), eol: pin.eol, ended: pin.eol !== null && pin.eol <= dayOf(now) },
  }));
  const line = (...[release, flavor, date, age, end, seen, sum]: readonly string[]) =>
    `${release?.padEnd(8)} ${flavor?.padEnd(8)}  ${date?.padEnd(10)}  ${age?.padStart(5)}  ${end?.padEnd(16)}  ${seen?.padStart(9)}  ${sum}`;
  return {
    lines: [
      line('RELEASE', 'FLAVOR', 'DATE', 'DAYS', 'FIXES UNTIL', 'WITNESSES', 'SHA-256'),
      ...rows.map(({ release, flavor, date, age_days: age, eol, ended, witnesses, sha256 }) => {
        const end = `${eol ?? 'not known'}${ended ? ' ended' : ''}`;
        return line(release, flavor, date, String(age), end, String(witnesses), sha256.slice(0, 12));
      }),
    ],
    result: { releases: rows },
  };
}

/** Which ISO is meant, in words that pins may have. */
function wantedOf(release: string, { flavor = 'standard', arch = 'x86_64' }: ReleasesOptions): Wanted {
  const fields = { release: releaseField, flavor: flavorField, arch: archField };
  const values = { release, flavor, arch };
  for (const name of ['release', 'flavor', 'arch'] as const) {
    const read = fields[name].safeParse(values[name]);
    if (read.success) continue;
    const reason = unsupportedReason(name, values[name]);
    if (reason !== undefined) throw new AirhiveError('unsupported', reason);
    const allowed = read.error.issues[0]?.message ?? '';
    throw new AirhiveError('usage', `${name} has to be ${allowed}; got ${describe(values[name])}`);
  }
  return { release, flavor: flavorField.parse(flavor), arch: archField.parse(arch) };
}

/**
 * Pins the ISO that a mirror has, after its sum, its size and its signature have been checked; one that is pinned already is
 * only checked. Whatever fails before the last step leaves the pins as they are.
 */
async function add(wanted: Wanted, options: ReleasesOptions, context: VerbContext): Promise<Outcome> {
  const { cwd, reporter } = context;
  const path =
    options.releases === undefined
      ? join(context.root, 'profiles/releases.yaml')
      : resolve(cwd, options.releases);
  const source = await readReleases(options.releases, context);
  const pins = await loadReleases(options.releases, context);
  const pinned = pins.find((pin) => pin.release === wanted.release && pin.flavor === wanted.flavor);
  const assumed = assume(pins, wanted, branchOf(wanted.release));
  // Before an ISO is downloaded for nothing.
  if (!pinned) await onDisk('write', source.file, () => access(dirname(path), constants.W_OK));
  const { offered, key, signature } = await checkAll(wanted, pinned, options, context);
  const signed = `${key.fingerprint}, on ${dayOf(signature.created)}`;
  reporter.step(`${isoName(wanted)} is signed by ${key.owner}, ${signed}`);
  const result = {
    file: shownPath(path, cwd),
    ...wanted,
    ...offered,
    signed_by: key.fingerprint,
    added: !pinned,
    assumed: pinned
      ? null
      : {
          from: assumed.from.release,
          kernel: assumed.kernel,
          floor: assumed.floor,
          lacks: assumed.lacks,
          eol: assumed.eol,
        },
  };
  const name = `${wanted.release} ${wanted.flavor} ${wanted.arch}`;
  if (pinned) return { lines: [`${source.file}: ${name} is pinned already, and right`], result };
  const checked = `Added on ${dayOf(context.now())}: its ISO is signed by ${signed}.`;
  const text = withPin(source, pinLines(wanted, offered, assumed, checked), wanted);
  if (text === undefined) throw unfit(source.file, pinLines(wanted, offered, assumed, checked));
  if ((await readReleases(options.releases, context)).text !== source.text)
    throw new AirhiveError('disk', `${source.file} was changed meanwhile; nothing was written`, {
      hint: 'run this again: the ISO is in the cache now',
    });
  context.signal.throwIfAborted();
  await replaceFile(path, Buffer.from(text));
  reporter.step(assumedText(assumed));
  return { lines: [`${source.file}: ${name} added`], result };
}

function assumedText({ from, kernel, floor, lacks, eol }: Assumed): string {
  const parts = [
    `kernel ${kernel}`,
    `floor ${floor}M`,
    eol === null ? 'the day on which its fixes end is not known' : `fixes until ${eol}`,
    `lacks ${lacks.length > 0 ? lacks.join(', ') : 'nothing'}`,
  ];
  return `no mirror tells these, so they are assumed to be as in ${from.release}: ${parts.join('; ')}`;
}

function unfit(file: string, lines: readonly string[]): AirhiveError {
  return new AirhiveError(
    'usage',
    `${file} is not written as one entry below the other, so nothing can be added`,
    {
      hint: ['this would be the entry:', ...lines].join('\n  '),
    },
  );
}

/** What was found right, all of it. */
interface Checked {
  readonly offered: Offered;
  readonly key: PublicKey;
  readonly signature: DetachedSignature;
}

/** Fetches and checks all that a mirror has of an ISO, the small files first. */
async function checkAll(
  wanted: Wanted,
  pinned: ReleasePin | undefined,
  options: ReleasesOptions,
  context: VerbContext,
): Promise<Checked> {
  const { root, cwd, signal } = context;
  const now = context.now();
  const file = isoName(wanted);
  const directory = `${branchOf(wanted.release)}/releases/${wanted.arch}`;
  const mirrors = options.mirror?.map(parseMirror) ?? ALPINE_MIRRORS;
  const cacheDir = cacheDirectory(options.cache, context);
  const key = await readReleaseKey(options.key, { root, cwd, now });
  const read = async (name: string) => ({
    file: `${directory}/${name}`,
    text: await fetchText(`${directory}/${name}`, mirrors, context),
  });
  const offered = readLatest(await read('latest-releases.yaml'), wanted);
  const sum = readSum(await read(`${file}.sha256`), file);
  if (sum !== offered.sha256)
    throw new AirhiveError(
      'verification',
      `the mirror contradicts itself: the SHA-256 of ${file} is ${sum} in ${file}.sha256, and ${offered.sha256} in latest-releases.yaml`,
      { hint: 'nothing was written; try another mirror (--mirror), or again when this one is up to date' },
    );
  const differences = pinned ? pinDifferences(pinned, offered) : [];
  if (differences.length > 0)
    throw new AirhiveError('verification', [`${file} is not the pinned one:`, ...differences].join('\n  '), {
      hint: 'nothing was written: either the pin or the mirror is wrong, and the signature has not been looked at',
    });
  const armored = await read(`${file}.asc`);
  const signature = readSignature(armored.text, armored.file);
  checkIssuer(signature, key, { what: armored.file, now });
  const iso = await obtainIso({
    ...{ ...context, cacheDir, mirrors, offline: false },
    pin: { file, path: `${directory}/${file}`, size: offered.size, sha256: offered.sha256 },
    isoFile: options.iso === undefined ? undefined : resolve(cwd, options.iso),
  });
  if (iso.source === 'none')
    throw new AirhiveError(
      'network',
      `the signature is over the ISO, and that could not be had: ${iso.reason}`,
      {
        hint: 'name a mirror with --mirror, or a file with --iso',
      },
    );
  await checkSigned({ path: iso.path, file }, signature, key, signal);
  return { offered, key, signature };
}
