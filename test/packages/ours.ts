import { AirhiveError } from '../../generators/errors.ts';
import { parseIndex } from '../../generators/packages/index.ts';
import { resolvePackages } from '../../generators/packages/resolve.ts';
import { compareVersions, isVersion, parseDependency } from '../../generators/packages/version.ts';
import type { Order } from './apk.ts';
import { randomRepository, randomVersions, type RandomRepository } from './random.ts';

/** Ours, in apk's words. */
export function orderOf([one, other]: readonly [string, string]): Order {
  if (!isVersion(one) || !isVersion(other)) return '!';
  const order = compareVersions(one, other);
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

/** What is left to apk, and refused by us: packages that come along where something else is absent. */
const LEFT_OUT = 'which airhive does not decide';

/** Ours, in apk's words; `left out` for what we refuse although apk may know an answer. */
export function setOf({ index, wanted }: RandomRepository): string | undefined {
  const { packages, problems } = parseIndex(index, { arch: 'x86_64', repository: 0 });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  try {
    const chosen = resolvePackages(
      packages,
      wanted.map((word) => parseDependency(word)!),
    );
    return chosen
      .map(({ name, version }) => `${name}-${version}`)
      .sort()
      .join(' ');
  } catch (error) {
    if (!(error instanceof AirhiveError) || error.kind !== 'unsupported') throw error;
    return error.message.includes(LEFT_OUT) ? 'left out' : undefined;
  }
}

/** What differs between us and apk, each with what is needed to see it again. */
export function differingOrders(seed: number, answers: readonly string[]): string[] {
  return randomVersions(seed, answers.length).flatMap((pair, index) => {
    const ours = orderOf(pair);
    return ours === answers[index] ? [] : [`${pair.join(' ')}: apk says ${answers[index]}, airhive ${ours}`];
  });
}

/** The same for repositories: `answers` is what apk said of the seeds from `seed` on. */
export function differingSets(seed: number, answers: readonly (string | null | undefined)[]): string[] {
  return answers.flatMap((answer, index) => {
    const repository = randomRepository(seed + index);
    const ours = setOf(repository);
    if (ours === 'left out' || ours === (answer ?? undefined)) return [];
    const names = `apk says ${answer ?? 'refused'}, airhive ${ours ?? 'refused'}`;
    return [`seed ${seed + index}, apk add ${repository.wanted.join(' ')}: ${names}\n${repository.index}`];
  });
}
