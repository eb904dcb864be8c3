import { resolve } from 'node:path';
import { shownPath } from '../disk.ts';
import { AirhiveError, EXIT_CODES } from '../errors.ts';
import {
  compareBundles,
  sideOf,
  type Change,
  type Differences,
  type FileChange,
  type Side,
} from '../verify/compare.ts';
import { filesOf } from '../verify/check.ts';
import { verifyBundle } from '../verify/verify.ts';
import { bundleOf, type BuildOptions } from './build.ts';
import { refuseWithout } from './verbs.ts';
import type { Outcome, VerbContext } from './world.ts';

/** Those of `build` that have a say in the bundle's bytes. */
export interface DiffOptions extends Pick<
  BuildOptions,
  'mirror' | 'releases' | 'cache' | 'offline' | 'keys' | 'lock'
> {
  readonly profile?: string;
}

/** Says in what two bundles differ, or a bundle and the one that `build` would make. Writes no bundle. */
export async function diff(
  before: string,
  after: string | undefined,
  options: DiffOptions,
  context: VerbContext,
): Promise<Outcome> {
  const { profile } = options;
  if ((after === undefined) === (profile === undefined))
    throw new AirhiveError('usage', 'diff compares a bundle with another one, or with a profile', {
      hint: 'airhive diff BUNDLE BUNDLE, or airhive diff BUNDLE --profile NAME|FILE',
    });
  if (profile === undefined) refuseWithout('--profile', options);
  const one = await readSide(before, context);
  const other =
    after === undefined ? await builtSide(profile ?? '', options, context) : await readSide(after, context);
  const differences = compareBundles(one.side, other.side);
  const result = { before: nameIt(one), after: nameIt(other), same: !differences };
  if (!differences) return { lines: [`${one.shown} and ${other.shown}: the same, byte for byte`], result };
  return {
    lines: [`${one.shown}, then ${other.shown}:`, ...linesOf(differences, one, other)],
    result: { ...result, differences: documentOf(differences) },
    exit: EXIT_CODES.verification,
  };
}

interface Named {
  readonly shown: string;
  readonly side: Side;
}

/** What is damaged would be compared by lists that are wrong. */
async function readSide(wanted: string, { cwd, signal }: VerbContext): Promise<Named> {
  const path = resolve(cwd, wanted);
  const shown = shownPath(path, cwd);
  const { tree } = await verifyBundle(path, { public: false, shown, signal });
  return { shown, side: await sideOf(filesOf(tree)) };
}

async function builtSide(profile: string, options: DiffOptions, context: VerbContext): Promise<Named> {
  const bundle = await bundleOf({ ...options, profile: [profile] }, context);
  return { shown: `a build of ${bundle.name}`, side: await sideOf(filesOf(bundle.files)) };
}

function nameIt({ shown, side: { manifest } }: Named): Readonly<Record<string, unknown>> {
  return { bundle: shown, profile: manifest.profile, airhive: manifest.airhive };
}

function documentOf(differences: Differences): Readonly<Record<string, unknown>> {
  // Of scripts the numbers of lines will do; a new one has thousands.
  const counted = (files: readonly FileChange[]) =>
    files.map(({ name, what, added, removed }) => ({
      ...{ name, what, linesNew: added.length, linesGone: removed.length },
    }));
  const { settings = null, scripts, others, ...rest } = differences;
  return { ...rest, settings, scripts: counted(scripts), others: counted(others) };
}

function linesOf(differences: Differences, one: Named, other: Named): string[] {
  const { bundle, packages, firmware, settings, services, firewall, scripts, others, following } =
    differences;
  const without = [one, other].filter(({ side }) => !side.files.has('profile.yaml'));
  const unknown = without.map(
    ({ shown }) => `settings of the profile: not compared, there is no profile.yaml in ${shown}`,
  );
  return [
    ...bundle.map((change) => changeLine(change)),
    ...section('packages', packages.map(changeLine)),
    ...section('firmware', firmwareLines(firmware)),
    ...(settings ? section('settings of the profile', settings.map(changeLine)) : unknown),
    ...section('services of the guest, and when they start', services.map(changeLine)),
    ...section('firewall rules', firewall.flatMap(ruleLines)),
    ...section('scripts', scripts.map(fileLine)),
    ...section('other files', others.map(fileLine)),
    ...(following.length > 0 ? [`and with that ${following.join(', ')}`] : []),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [`${title}:`, ...lines.map((line) => `  ${line}`)] : [];
}

function changeLine({ name, before, after }: Change): string {
  if (before === null) return `${name}: new, ${after ?? ''}`;
  return after === null ? `${name}: gone, was ${before}` : `${name}: ${before} -> ${after}`;
}

/** The bundle of a maker has a hundred files, most of them from one package. */
function firmwareLines(firmware: readonly Change[]): string[] {
  const packageIn = (value: string | null) => value && (/ of (.*)$/.exec(value)?.[1] ?? value);
  const groups = new Map<string, Change[]>();
  for (const change of firmware) {
    const key = JSON.stringify([packageIn(change.before), packageIn(change.after)]);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.length <= MOST_FIRMWARE) return group.map(changeLine);
    const [before, after] = [packageIn(first.before), packageIn(first.after)];
    return [changeLine({ name: `${group.length} files`, before, after })];
  });
}

const MOST_FIRMWARE = 8;

function fileLine({ name, what, added, removed }: FileChange): string {
  const texts: Readonly<Record<FileChange['what'], string>> = {
    new: 'new',
    gone: 'gone',
    binary: 'other bytes',
    reordered: 'the same lines in another order',
    mode: `mode ${removed.join('')} -> ${added.join('')}`,
    changed: [count(added.length, 'new'), count(removed.length, 'gone')].filter(Boolean).join(', '),
  };
  return `${name}: ${texts[what]}`;
}

function count(lines: number, what: string): string {
  return lines === 0 ? '' : `${lines} ${lines === 1 ? 'line' : 'lines'} ${what}`;
}

/** Rules are shown themselves: each one opens or closes something. */
function ruleLines(change: FileChange): string[] {
  const rules = (lines: readonly string[], sign: string) =>
    lines.filter((line) => /^[^#\s]/.test(line)).map((line) => `  ${sign} ${line}`);
  const shown = [...rules(change.removed, '-'), ...rules(change.added, '+')];
  return shown.length > 0 ? [`${change.name}:`, ...shown] : [fileLine(change)];
}
