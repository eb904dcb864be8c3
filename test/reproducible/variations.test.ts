import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runInside } from '../cli/command.ts';
import { freshFolder, run } from '../fixtures/scratch.ts';
import { FakeClock } from '../inputs/clock.ts';
import { mirrorOf, temporaryFolder } from '../inputs/sandbox.ts';
import { mirrorFiles, SIGNER } from '../packages/repository.ts';
import { hasTool } from '../tools.ts';
import { explainDifferences, snapshotOf, type Snapshot } from './compare.ts';
import { build, compile, copyCompiled, copyProject, type Patch, type Surroundings } from './workspace.ts';

/*
 * One profile, built twice by the compiled program, the second time with everything different at once that must not
 * matter. Then the same with a fault planted in both, which has to show.
 */

const PATH = process.env.PATH ?? '';
const root = freshFolder();
const home = join(root, 'zu Häuse');
mkdirSync(home);

/** Two copies of airhive that differ in all that may differ. */
interface Pair {
  readonly plain: string;
  readonly odd: string;
}

function copyTwice(name: string, patches: readonly Patch[] = []): Pair {
  const pair = { plain: join(root, name), odd: join(home, `${name} é`) };
  copyProject(pair.plain, { reverse: false, mode: 0o644, since: 1_600_000_000 }, patches);
  copyProject(pair.odd, { reverse: true, mode: 0o600, since: 2_100_000_000 }, patches);
  compile(pair.plain);
  copyCompiled(pair.plain, pair.odd);
  return pair;
}

const plainly = (env: Surroundings['env'] = {}): Surroundings => ({
  cwd: root,
  env: { PATH, HOME: root, LANG: 'C', ...env },
  umask: '022',
  otherClock: false,
});
const oddly = (env: Surroundings['env'] = {}): Surroundings => ({
  cwd: home,
  env: {
    PATH: `${home}:${PATH}`,
    HOME: home,
    USER: 'nobody',
    LOGNAME: 'nobody',
    HOSTNAME: 'elsewhere',
    TZ: 'Pacific/Kiritimati',
    LC_ALL: 'et_EE.UTF-8',
    COLUMNS: '40',
    FORCE_COLOR: '1',
    UV_THREADPOOL_SIZE: '1',
    XDG_CACHE_HOME: join(home, 'cache'),
    NODE_ENV: 'production',
    junk_BÄR: ' $(x)\n',
    ...env,
  },
  umask: '077',
  otherClock: true,
});

let count = 0;
function buildIn(project: string, args: readonly string[], surroundings: Surroundings): Snapshot {
  const out = join(surroundings.cwd, `out ${count++}`);
  const { status, stderr } = build(project, [...args, '--out', out], surroundings);
  expect(status, stderr).toBe(0);
  return snapshotOf(out);
}

function differences({ plain, odd }: Pair, env: Surroundings['env'] = {}): string[] | undefined {
  const profileFile = join(odd, 'profiles/intel8260.yaml');
  return explainDifferences(
    buildIn(plain, ['--profile', 'intel8260'], plainly(env)),
    buildIn(odd, ['--profile', profileFile, '--verbose'], oddly(env)),
  );
}

let clean: Pair;
beforeAll(() => {
  clean = copyTwice('clean');
});

describe('a second build with everything different that may differ', () => {
  it('gives the same names, modes and bytes', () => {
    expect(differences(clean)).toBeUndefined();
    const built = snapshotOf(join(root, 'out 0'));
    expect([...built.keys()]).toEqual(
      expect.arrayContaining([
        'intel8260.pkg',
        'intel8260.tar',
        'intel8260/SHA256SUMS',
        'intel8260/disk0.img',
        'intel8260/vm_run',
      ]),
    );
  });

  it('gives them with a lock, packages and all', async () => {
    const cwd = temporaryFolder();
    const mirror = await mirrorOf(await mirrorFiles());
    writeFileSync(join(cwd, SIGNER.name), SIGNER.publicKey);
    const words = [
      'build',
      '--profile',
      'intel8260',
      '--mirror',
      mirror.url,
      '--keys',
      '.',
      '--cache',
      'cache',
    ];
    const made = await runInside(words, { cwd, root: clean.plain, clock: new FakeClock() });
    expect(made).toMatchObject({ code: 0 });
    const lock = ['--offline', '--lock', join(cwd, 'dist/intel8260.tar')];
    const [one, other] = [
      buildIn(clean.plain, ['--profile', 'intel8260', ...lock], plainly()),
      buildIn(clean.odd, ['--profile', join(clean.odd, 'profiles/intel8260.yaml'), ...lock], oddly()),
    ];
    expect([...one.keys()]).toContain('intel8260/lock.json');
    expect(explainDifferences(one, other)).toBeUndefined();
  });

  it('gives them at another epoch as well', () => {
    expect(differences(clean, { SOURCE_DATE_EPOCH: '1' })).toBeUndefined();
  });
});

describe('SOURCE_DATE_EPOCH', () => {
  it.skipIf(!hasTool('tar'))('dates all that is in the bundle (needs tar)', () => {
    const out = join(root, 'epoch');
    const args = ['--profile', 'intel8260', '--out', out];
    expect(build(clean.plain, args, plainly({ SOURCE_DATE_EPOCH: '0' })).status).toBe(0);
    for (const archive of ['intel8260.tar', 'intel8260/airhive.apkovl.tar.gz']) {
      const lines = run('tar', ['-tvf', join(out, archive)])
        .toString()
        .trimEnd()
        .split('\n');
      expect(lines.filter((line) => !line.includes(' 1970-01-01 00:00 '))).toEqual([]);
    }
  });

  it('is refused when it is malformed, exit 2', () => {
    const out = join(root, 'refused');
    const { status, stderr } = build(
      clean.plain,
      ['--profile', 'intel8260', '--out', out],
      plainly({ SOURCE_DATE_EPOCH: 'yesterday' }),
    );
    expect([status, stderr]).toEqual([2, expect.stringContaining('SOURCE_DATE_EPOCH')]);
  });
});

/** In place of `right` the program does `wrong` when the environment asks for this fault. */
const planted = (fault: string, file: string, right: string, wrong: string): Patch => ({
  file: `generators/${file}`,
  from: right,
  to: `(process.env.FAULT === '${fault}' ? ${wrong} : ${right})`,
});

const FAULTS: readonly Patch[] = [
  planted('clock', 'formats/tar.ts', 'new Date(mtime * 1000)', 'new Date()'),
  // The order that the disk has: by the dates of the files.
  planted(
    'order',
    'inputs/tree.ts',
    "inPathOrder(await enter(''))",
    "(await enter('')).sort((a, b) => require('node:fs').statSync(join(top, a.path)).mtimeMs - require('node:fs').statSync(join(top, b.path)).mtimeMs)",
  ),
  {
    file: 'generators/formats/tree.ts',
    from: 'return inPathOrder([...byPath.values()]);',
    to: `if (process.env.FAULT === 'order') return [...byPath.values()]; return inPathOrder([...byPath.values()]);`,
  },
  {
    file: 'generators/inputs/tree.ts',
    from: '.map(({ path, bytes }) => ({ path, bytes }))',
    to: '',
  },
  {
    file: 'generators/plan/render.ts',
    from: 'sources.map(({ path, bytes }) =>',
    to: 'sources.map(({ path, bytes, mode }) =>',
  },
  planted('mode', 'plan/render.ts', 'isScript(content) ? 0o755 : 0o644', 'mode'),
  planted('zone', 'formats/fat.ts', 'date.getUTCHours()', 'date.getHours()'),
];

describe('a planted fault', () => {
  let faulty: Pair;
  beforeAll(() => {
    faulty = copyTwice('faulty', FAULTS);
  });

  it('is the only thing that makes a difference', () => {
    expect(differences(faulty)).toBeUndefined();
  });

  it.each([
    ['a date from the clock', 'clock', /airhive\.apkovl\.tar\.gz: .*entry [^ ]+, header byte 1[34][0-9]\)$/],
    [
      'files in the order of the disk',
      'order',
      /airhive\.apkovl\.tar\.gz: .*entry [^ ]+, header byte [0-9]{1,2}\)$/,
    ],
    ['modes from the disk', 'mode', /airhive\.apkovl\.tar\.gz: .*entry [^ ]+, header byte 10[0-7]\)$/],
    ['local time in FAT', 'zone', /disk0\.img: .*airhive\.apkovl\.tar\.gz: time \d+ and \d+$/],
  ])('is seen and named: %s', (_, fault, line) => {
    const found = differences(faulty, { FAULT: fault }) ?? [];
    expect(found).toContainEqual(expect.stringMatching(line));
    expect(found.map((text) => text.replace(/:.*/, ''))).toEqual(
      expect.arrayContaining(['intel8260.tar', 'intel8260/SHA256SUMS', 'intel8260/disk0.img']),
    );
  });
});
