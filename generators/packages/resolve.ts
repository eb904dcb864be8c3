import { AirhiveError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import type { Package } from './index.ts';
import { compareVersions, describeDependency, matchesVersion, type Dependency } from './version.ts';

// Which packages `apk add` would install from nothing. apk decides one name after the other and never takes a decision
// back: what follows from all that is left to choose from is drawn first, then the next name is settled with the best of
// what is left to it. Where that ends in a contradiction apk refuses, and so does this, though another choice might have
// done. Found by comparison with apk 3.0.8 (test/guest/packages.test.ts).

/** Packages that a message names one below the other. */
const SHOWN = 8;

/** One way to have a name: the package of that name, or one that provides it, perhaps without a version. */
interface Provider {
  readonly of: Candidate;
  readonly version: string | undefined;
}

interface Candidate {
  readonly pkg: Package;
  /** Why it cannot be taken any more; and what it needs, if that is why. */
  ruledOut: string | undefined;
  unmet?: Name;
  /** Its `install_if`: still open, or all of it is settled so that it is to be installed, or never will be. */
  trigger: 'open' | 'met' | 'failed';
}

interface Name {
  readonly name: string;
  readonly providers: Provider[];
  /** Names whose providers depend on this one, and names whose providers have it in `install_if`. */
  readonly dependents: Set<Name>;
  readonly triggered: Set<Name>;
  /** Names that were met later are settled earlier: a package before what it depends on. 0: not met. */
  rank: number;
  /** The first that asked for it; undefined when nobody did. `by` is undefined for what was asked for from outside. */
  demand: { readonly by: Candidate | undefined; readonly dependency: Dependency } | undefined;
  /** undefined: open. null: nothing is to provide it. */
  chosen: Provider | null | undefined;
  /** A provider was ruled out or the name settled since the dependencies of those in need of it were looked at. */
  dependenciesChanged: boolean;
  triggersChanged: boolean;
  /** All that could still need it was settled when it was last looked at. */
  isFree: boolean;
}

/** Its own name, and all that it provides. */
function namesOf({ name, provides }: Package): string[] {
  return [name, ...provides.map((one) => one.name)];
}

function isProvided(by: Candidate | undefined, dependency: Dependency, provider: Provider | null): boolean {
  if (provider === null) return dependency.conflict;
  if (dependency.conflict && provider.of === by) return true;
  return matchesVersion(dependency, provider.version) !== dependency.conflict;
}

class Resolution {
  readonly #names = new Map<string, Name>();
  readonly #seen = new Set<Candidate>();
  /** Names to look at again, in the order in which something about them changed. */
  readonly #changed = new Set<Name>();
  /** Names that have to be settled: somebody asked for them, or their `install_if` is met. */
  readonly #open = new Set<Name>();
  #rank = 0;

  readonly #wanted: ReadonlySet<string>;

  constructor(packages: readonly Package[], wanted: readonly Dependency[]) {
    this.#wanted = new Set(wanted.map(({ name }) => name));
    const candidates = packages.map((pkg): Candidate => ({ pkg, ruledOut: pkg.unusable, trigger: 'open' }));
    for (const of of candidates) {
      this.name(of.pkg.name).providers.push({ of, version: of.pkg.version });
      for (const { name, version } of of.pkg.provides) this.name(name).providers.push({ of, version });
    }
    for (const { pkg } of candidates) {
      const own = namesOf(pkg).map((name) => this.name(name));
      for (const { name } of pkg.depends) for (const one of own) this.name(name).dependents.add(one);
      for (const { name } of pkg.installIf) for (const one of own) this.name(name).triggered.add(one);
    }
  }

  name(text: string): Name {
    let name = this.#names.get(text);
    if (!name) {
      name = {
        name: text,
        providers: [],
        dependents: new Set(),
        triggered: new Set(),
        rank: 0,
        demand: undefined,
        chosen: undefined,
        dependenciesChanged: false,
        triggersChanged: false,
        isFree: false,
      };
      this.#names.set(text, name);
    }
    return name;
  }

  /** Numbers every name that can play a part. */
  meet(name: Name): void {
    if (name.rank !== 0) return;
    name.rank = -1;
    for (const { of } of name.providers) {
      if (this.#seen.has(of)) continue;
      this.#seen.add(of);
      for (const dependency of of.pkg.depends) this.meet(this.name(dependency.name));
    }
    for (const one of name.triggered) this.meet(one);
    for (const { of } of name.providers) {
      for (const one of this.name(of.pkg.name).triggered) this.meet(one);
      for (const provided of of.pkg.provides) this.meet(this.name(provided.name));
    }
    const real = name.providers.some(({ of }) => of.pkg.name === name.name);
    name.rank = ++this.#rank + (real ? 2 ** 30 : 0) + (this.#wanted.has(name.name) ? 2 ** 31 : 0);
    for (const { of } of name.providers)
      for (const dependency of of.pkg.installIf) this.meet(this.name(dependency.name));
  }

  #demand(name: Name, by: Candidate | undefined, dependency: Dependency): void {
    if (name.demand) return;
    name.demand = { by, dependency };
    this.#changed.add(name);
    this.#open.add(name);
    for (const one of name.triggered) this.#touchTriggers(one);
  }

  #ruleOut(candidate: Candidate, reason: string): void {
    if (candidate.ruledOut !== undefined) return;
    candidate.ruledOut = reason;
    for (const text of namesOf(candidate.pkg)) this.#touch(this.name(text));
  }

  /** Whatever depends on this name or waits for it has to look at it again. */
  #touch(name: Name): void {
    for (const one of name.dependents) {
      one.dependenciesChanged = true;
      this.#changed.add(one);
    }
    for (const one of name.triggered) this.#touchTriggers(one);
  }

  #touchTriggers(name: Name): void {
    name.triggersChanged = true;
    this.#changed.add(name);
  }

  constrain(by: Candidate | undefined, dependency: Dependency): void {
    const name = this.name(dependency.name);
    if (!dependency.conflict) this.#demand(name, by, dependency);
    for (const provider of name.providers) {
      if (!isProvided(by, dependency, provider))
        this.#ruleOut(
          provider.of,
          `${who(by)} ${dependency.conflict ? 'excludes it' : 'needs another version'}: ${describeDependency(dependency)}`,
        );
    }
  }

  #isSatisfiable(by: Candidate, dependency: Dependency): boolean {
    const name = this.name(dependency.name);
    if (name.chosen !== undefined) return isProvided(by, dependency, name.chosen);
    if (!name.demand && dependency.conflict) return true;
    return name.providers.some(
      (provider) => provider.of.ruledOut === undefined && isProvided(by, dependency, provider),
    );
  }

  #checkDependencies(name: Name): void {
    for (const { of } of name.providers) {
      const failed = of.ruledOut === undefined && of.pkg.depends.find((one) => !this.#isSatisfiable(of, one));
      if (!failed) continue;
      of.unmet = this.name(failed.name);
      this.#ruleOut(of, `it needs ${describeDependency(failed)}`);
    }
  }

  #checkTriggers(name: Name): void {
    for (const { of } of name.providers) {
      if (of.ruledOut !== undefined || of.trigger !== 'open' || !hasTrigger(of)) continue;
      let trigger: Candidate['trigger'] = 'met';
      for (const one of of.pkg.installIf) {
        const { chosen } = this.name(one.name);
        if (chosen === undefined) {
          trigger = 'open';
          break;
        }
        if (!isProvided(of, one, chosen)) {
          trigger = 'failed';
          break;
        }
      }
      of.trigger = trigger;
      if (trigger === 'met') this.#open.add(name);
    }
  }

  /** Draws from what is left to a name what holds whichever of it is taken. */
  #review(name: Name): void {
    const { dependenciesChanged, triggersChanged } = name;
    name.dependenciesChanged = name.triggersChanged = false;
    if (dependenciesChanged) this.#checkDependencies(name);
    if (triggersChanged) this.#checkTriggers(name);
    name.isFree = [...name.dependents].every((one) => one.rank === 0 || one.chosen !== undefined);
    if (!name.demand) return;
    const left = name.providers.filter(({ of }) => of.ruledOut === undefined);
    const [first] = left;
    if (!first) return;
    if (left.length === 1) {
      for (const one of first.of.pkg.depends) if (!one.conflict) this.constrain(first.of, one);
    } else
      for (const one of first.of.pkg.depends) {
        const shared = left.every(({ of }) =>
          of.pkg.depends.some((other) => !other.conflict && other.name === one.name),
        );
        if (shared && !one.conflict) this.#demand(this.name(one.name), first.of, one);
      }
    this.#excludeRivals(name, left, first);
  }

  /** What all that is left provides beside `name` will be provided by one of these. */
  #excludeRivals(name: Name, left: readonly Provider[], first: Provider): void {
    for (const text of namesOf(first.of.pkg)) {
      if (text === name.name) continue;
      const offers = left.map(({ of }) => this.name(text).providers.filter((one) => one.of === of));
      if (offers.some((some) => some.length === 0)) continue;
      const virtual = offers.flat().some(({ version }) => version === undefined);
      for (const { of, version } of this.name(text).providers) {
        if (of.ruledOut !== undefined || of.pkg.name === name.name || (virtual && version === undefined))
          continue;
        if (of.pkg.provides.some((one) => one.name === name.name || (virtual && one.version === undefined)))
          continue;
        this.#ruleOut(of, `${text} is provided by what provides ${name.name}`);
      }
    }
  }

  propagate(): void {
    for (const name of this.#changed) {
      this.#changed.delete(name);
      if (name.rank === 0 || name.chosen !== undefined) continue;
      if (name.demand || name.triggersChanged) this.#review(name);
    }
  }

  #isSelectable({ of, version }: Provider): boolean {
    return version !== undefined || of.pkg.priority > 0 || this.name(of.pkg.name).demand !== undefined;
  }

  /** The name to settle next: one without a choice first, one whose providers have to be asked for by name last. */
  next(): Name | undefined {
    let best: Name | undefined;
    let bestUrgency = -1;
    for (const name of this.#open) {
      if (name.chosen !== undefined) {
        this.#open.delete(name);
        continue;
      }
      const left = name.providers.filter(({ of }) => of.ruledOut === undefined);
      const triggered = left.some(({ of }) => of.trigger === 'met');
      if (!name.demand && !triggered) continue;
      const selectable =
        triggered || (name.demand !== undefined && left.some((one) => this.#isSelectable(one)));
      const urgency = !selectable ? 0 : name.demand && left.length <= 1 && name.isFree ? 2 : 1;
      if (best && (urgency < bestUrgency || (urgency === bestUrgency && name.rank < best.rank))) continue;
      best = name;
      bestUrgency = urgency;
    }
    return best;
  }

  settle(name: Name): void {
    const left = name.providers.filter((one) => {
      if (one.of.ruledOut !== undefined) return false;
      if (!name.demand && one.of.trigger !== 'met') return false;
      return this.#isSelectable(one);
    });
    const chosen = left.reduce<Provider | undefined>(
      (best, one) => (best === undefined || isBetter(one, best) ? one : best),
      undefined,
    );
    if (!chosen) {
      if (name.demand) throw this.#refusal(name);
      name.chosen = null;
      this.#touch(name);
      return;
    }
    const { of } = chosen;
    this.#assign(this.name(of.pkg.name), { of, version: of.pkg.version });
    for (const one of of.pkg.provides) this.#assign(this.name(one.name), { of, version: one.version });
    for (const one of of.pkg.depends) this.constrain(of, one);
  }

  #assign(name: Name, provider: Provider): void {
    if (name.chosen !== undefined) {
      if (provider.version === undefined && name.chosen?.version === undefined) return;
      throw refusal(
        `${nameOf(provider.of)} and ${name.chosen ? nameOf(name.chosen.of) : 'nothing'} both provide ${name.name}${this.#because(provider.of)}`,
      );
    }
    name.chosen = provider;
    for (const { of, version } of name.providers) {
      if (of === provider.of || (version === undefined && provider.version === undefined)) continue;
      this.#ruleOut(of, `${nameOf(provider.of)} provides ${name.name}`);
    }
    this.#touch(name);
  }

  #refusal(name: Name): AirhiveError {
    const { by, dependency } = name.demand ?? {};
    const wanted = dependency ? describeDependency(dependency) : name.name;
    const reasons = explain(name, '\n  ', new Set());
    const what = reasons === '' ? 'no package provides it' : 'none of these can be taken';
    return refusal(`${chainOf(by, this)}${wanted}: ${what}${reasons}`);
  }

  #because(of: Candidate): string {
    const chain = chainOf(of, this);
    return chain === '' ? '' : ` (${chain.replace(/ needs $/, '')})`;
  }

  demandOf(candidate: Candidate): Name['demand'] {
    const demands = namesOf(candidate.pkg).map((text) => this.name(text).demand);
    return demands.find((demand) => demand !== undefined);
  }

  /** All that is there because it was asked for, needed or triggered; and a last look at every dependency. */
  collect(wanted: readonly Dependency[]): Package[] {
    const taken = new Set<Candidate>();
    const take = (by: Candidate | undefined, dependency: Dependency): void => {
      const { chosen } = this.name(dependency.name);
      if (!isProvided(by, dependency, chosen ?? null))
        throw refusal(`${chainOf(by, this)}${describeDependency(dependency)}: it cannot be met`);
      if (chosen) add(chosen.of);
    };
    const add = (of: Candidate): void => {
      if (taken.has(of)) return;
      taken.add(of);
      for (const dependency of of.pkg.depends) take(of, dependency);
    };
    for (const dependency of wanted) take(undefined, dependency);
    for (let before = -1; before !== taken.size;) {
      before = taken.size;
      for (const { chosen } of this.#names.values()) {
        if (!chosen || taken.has(chosen.of) || !hasTrigger(chosen.of)) continue;
        const met = chosen.of.pkg.installIf.every((one) => {
          const other = this.name(one.name).chosen ?? null;
          return isProvided(chosen.of, one, other) && other !== null && taken.has(other.of);
        });
        if (met) add(chosen.of);
      }
    }
    for (const of of this.#seen) {
      if (taken.has(of) || of.ruledOut !== undefined) continue;
      if (!of.pkg.installIf.some(({ conflict }) => conflict)) continue;
      if (of.pkg.installIf.every((one) => isProvided(of, one, this.name(one.name).chosen ?? null)))
        throw refusal(
          `${nameOf(of)} comes along where something else is not (${of.pkg.installIf.map(describeDependency).join(' ')}), which airhive does not decide`,
        );
    }
    return [...taken].map(({ pkg }) => pkg).sort((a, b) => compareCodeUnits(a.name, b.name));
  }
}

/** What is to be installed where something is absent depends on the order of all decisions; `collect` refuses it. */
function hasTrigger({ pkg }: Candidate): boolean {
  return pkg.installIf.length > 0 && !pkg.installIf.some(({ conflict }) => conflict);
}

function isBetter(one: Provider, other: Provider): boolean {
  const [a, b] = [one.of.pkg, other.of.pkg];
  if (one.version === undefined || other.version === undefined) {
    if (one.version !== other.version) return one.version !== undefined;
  } else {
    const order = compareVersions(one.version, other.version);
    if (order !== 0) return order > 0;
  }
  if (a.name === b.name) {
    const order = compareVersions(a.version, b.version);
    if (order !== 0) return order > 0;
  }
  return a.priority === b.priority ? a.repository < b.repository : a.priority > b.priority;
}

const nameOf = ({ pkg }: Candidate): string => `${pkg.name}-${pkg.version}`;
const who = (by: Candidate | undefined): string => (by ? nameOf(by) : 'the profile');

/** `a-1 needs b-2 needs `, from what was asked for down to `by`. */
function chainOf(by: Candidate | undefined, resolution: Resolution): string {
  const links: string[] = [];
  const seen = new Set<Candidate>();
  for (let one = by; one && !seen.has(one); one = resolution.demandOf(one)?.by) {
    seen.add(one);
    links.unshift(`${nameOf(one)} needs `);
  }
  return links.join('');
}

/** Why none of its providers can be taken, and why what they need cannot, each in a line that begins with `start`. */
function explain(name: Name, start: string, seen: Set<Name>): string {
  if (seen.has(name)) return '';
  seen.add(name);
  const reasons = name.providers.map(({ of }) => {
    const why = of.ruledOut ?? 'it provides the name without a version and has to be asked for by its own';
    return `${start}${nameOf(of)}: ${why}${of.unmet ? explain(of.unmet, `${start}  `, seen) : ''}`;
  });
  const more = reasons.length > SHOWN ? `${start}and ${reasons.length - SHOWN} more` : '';
  return `${reasons.slice(0, SHOWN).join('')}${more}`;
}

function refusal(message: string): AirhiveError {
  return new AirhiveError('unsupported', `packages cannot be chosen: ${message}`);
}

/**
 * The packages that `wanted` adds to a system with `present`, which was installed from the same indexes.
 * @throws AirhiveError unsupported, also when what is present would have to be changed for it
 */
export function missingPackages(
  packages: readonly Package[],
  present: readonly Dependency[],
  wanted: readonly Dependency[],
): Package[] {
  const before = new Set(resolvePackages(packages, present));
  const after = new Set(resolvePackages(packages, [...present, ...wanted]));
  for (const { name, version } of [...before].filter((pkg) => !after.has(pkg)))
    throw refusal(`${name}-${version}, which the ISO has, would have to be replaced`);
  return [...after].filter((pkg) => !before.has(pkg));
}

/**
 * The packages that are to be installed for `wanted`, in code unit order of their names. `packages` in the order of their
 * indexes.
 * @throws AirhiveError unsupported, with the chain that leads to what cannot be had
 */
export function resolvePackages(packages: readonly Package[], wanted: readonly Dependency[]): Package[] {
  const resolution = new Resolution(packages, wanted);
  const world = wanted.toSorted((a, b) => compareCodeUnits(a.name, b.name));
  for (const one of world) resolution.meet(resolution.name(one.name));
  for (const one of world) resolution.constrain(undefined, one);
  for (;;) {
    resolution.propagate();
    const name = resolution.next();
    if (!name) return resolution.collect(world);
    resolution.settle(name);
  }
}
