// Random versions and repositories, the same for the same seed: what apk said of them is recorded by seed.

/** A small generator of numbers from 0 to 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NUMBERS = [
  '0',
  '1',
  '2',
  '01',
  '10',
  '010',
  '001',
  '100',
  '12',
  '20240101',
  '00',
  '18446744073709551615',
];
const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'];

/** Pairs of versions that are close to each other, and some that are none. */
export function randomVersions(seed: number, count: number): [string, string][] {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const chance = (of: number): boolean => random() < of;
  const version = (): string => {
    let text = pick(NUMBERS);
    while (chance(0.6)) text += `.${pick(NUMBERS)}`;
    if (chance(0.2)) text += pick(['a', 'b', 'z']);
    while (chance(0.35)) text += `_${chance(0.03) ? 'x' : pick(SUFFIXES)}${chance(0.6) ? pick(NUMBERS) : ''}`;
    if (chance(0.15)) text += `~${pick(['ab', 'a', 'abc0', '1'])}`;
    if (chance(0.5)) text += `-r${pick(NUMBERS)}`;
    return text;
  };
  const near = (text: string): string => {
    const parts = text.split(/(?=[._~-])/);
    const at = Math.floor(random() * parts.length);
    if (chance(0.5)) parts[at] = pick(version().split(/(?=[._~-])/));
    else parts.splice(at, 1);
    return parts.join('') || '1';
  };
  return Array.from({ length: count }, () => {
    const one = version();
    const other = chance(0.7) ? near(one) : version();
    // apk takes a word that begins so for an option.
    return [one.replace(/^-r/, ''), other.replace(/^-r/, '')];
  });
}

/** A repository as lines of an index, and what is wanted of it. */
export interface RandomRepository {
  readonly index: string;
  readonly wanted: readonly string[];
}

export function randomRepository(seed: number): RandomRepository {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const chance = (of: number): boolean => random() < of;
  const real = 'abcdefgh'.slice(0, 4 + Math.floor(random() * 5)).split('');
  const virtual = ['so:x', 'cmd:y', 'v', 'w'];
  const versions = ['1', '1.1', '1.2-r1', '2', '2_rc1', '3'];
  const dependency = (): string => {
    const name = chance(0.7) ? pick(real) : pick(virtual);
    const asked = chance(0.4) ? pick(['=', '<', '>', '<=', '>=', '~', '>~']) + pick(versions) : '';
    return (chance(0.12) ? '!' : '') + name + asked;
  };
  const list = (most: number, one: () => string): string =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, one).join(' ');
  const provided = (): string => {
    const name = chance(0.85) ? pick(virtual) : pick(real);
    return chance(0.5) ? name : `${name}=${pick(versions)}`;
  };
  let count = 0;
  const records = real.flatMap((name) => {
    const own = new Set(Array.from({ length: chance(0.4) ? 2 : 1 }, () => pick(versions)));
    return [...own].map((version) => {
      const checksum = Buffer.alloc(20);
      checksum.writeUInt32BE(++count);
      const fields: Record<string, string> = {
        C: `Q1${checksum.toString('base64')}`,
        P: name,
        V: version,
        A: 'x86_64',
        S: '1000',
        I: '1000',
        T: name,
        L: 'none',
        D: chance(0.6) ? list(3, dependency) : '',
        p: chance(0.4) ? list(2, provided) : '',
        i: chance(0.15) ? list(2, dependency) : '',
        k: chance(0.15) ? pick(['0', '10', '20']) : '',
      };
      return Object.entries(fields)
        .filter(([, value]) => value !== '')
        .map(([letter, value]) => `${letter}:${value}\n`)
        .join('');
    });
  });
  const wanted = new Set(Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(real)));
  if (chance(0.2)) wanted.add(`${pick(real)}${pick(['=', '<', '>=', '~'])}${pick(versions)}`);
  return { index: records.map((record) => `${record}\n`).join(''), wanted: [...wanted] };
}
