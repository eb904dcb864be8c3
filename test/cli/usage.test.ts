import { spawnSync } from 'node:child_process';
import { describe, expect, inject, it } from 'vitest';
import { runInside } from './command.ts';

describe('help is on standard output and exits 0', () => {
  it.each([
    ['airhive', ['--help']],
    ['build', ['build', '--help']],
    ['lock', ['lock', '--help']],
    ['init', ['init', '--help']],
    ['validate', ['validate', '-h']],
    ['plan', ['help', 'plan']],
    ['verify', ['verify', '--help']],
    ['diff', ['diff', '--help']],
    ['cards', ['cards', '--help']],
    ['releases', ['releases', '--help']],
    ['profiles', ['profiles', '--help']],
    ['schema', ['schema', '--help']],
  ])('%s', async (name, argv) => {
    const { code, stdout, stderr } = await runInside(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(`help/${name}.txt`);
  });

  it('so is the version', async () => {
    expect(await runInside(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    expect(await runInside(['-V'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
  });
});

const HINT = '  airhive --help lists the commands, airhive COMMAND --help its options\n';

const WRONG: readonly [string[], string][] = [
  [[], 'no command was given'],
  [['bild'], "unknown command 'bild' (Did you mean build?)"],
  [['build', '--profil', 'intel8260'], "unknown option '--profil' (Did you mean --profile?)"],
  [['build', '--ofline', '--profile', 'intel8260'], "unknown option '--ofline' (Did you mean --offline?)"],
  [['--quiet', 'profiles'], "unknown option '--quiet'"],
  [['build', '--profile'], "option '--profile <name|file>' argument missing"],
  [['build', '--out', ''], "option '--out <dir>' argument '' is invalid. It is empty."],
  [['profiles', 'extra'], "too many arguments for 'profiles'. Expected 0 arguments but got 1."],
  [['verify'], "missing required argument 'dir|tar'"],
  [['diff'], "missing required argument 'a'"],
  [
    ['profiles', '--color', 'blue'],
    "option '--color <when>' argument 'blue' is invalid. Allowed choices are auto, always, never.",
  ],
];

describe('wrong usage exits 2 and says what is right', () => {
  it.each(WRONG)('%j', async (argv, message) => {
    expect(await runInside(argv)).toEqual({ code: 2, stdout: '', stderr: `error: ${message}\n${HINT}` });
  });

  it.each(WRONG)('%j with --json: one document', async (argv, message) => {
    // Not behind an option that waits for a value.
    const { code, stdout, stderr } = await runInside(
      argv.length === 0 ? ['--json'] : [argv[0]!, '--json', ...argv.slice(1)],
    );
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      format: 1,
      ok: false,
      error: { kind: 'usage', exit: 2, diagnostics: [], ...(argv.length > 0 ? { message } : {}) },
    });
  });

  it.each(['build', 'plan'])('%s without --profile names the profiles there are', async (verb) => {
    const { code, stderr } = await runInside([verb]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: no profile was named\n {2}add --profile NAME \(.*\bintel8260\b.*\) or --profile FILE\n$/,
    );
  });

  it('an unknown profile gets the nearest name', async () => {
    const { code, stderr } = await runInside(['build', '--profile', 'intl8260']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /there is no profile "intl8260"; there are: .*intel8260.*\. Did you mean intel8260\?/,
    );
  });

  it('a mirror that is no address', async () => {
    const { code, stderr } = await runInside([
      'build',
      '--profile',
      'intel8260',
      '--mirror',
      'ftp://x.example',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('a mirror has to be');
  });
});

describe('colour', () => {
  const red = '\x1b[31merror:\x1b[0m';
  const wrong = async (argv: string[], env: Record<string, string>, isTerminal = false): Promise<boolean> => {
    let stderr = '';
    const terminal = { isTerminal, write: (text: string) => void (stderr += text) };
    await runInside(['verify', ...argv, '/nowhere'], { env, stderr: terminal });
    expect(stderr).toContain('error:');
    return stderr.includes(red);
  };

  it.each([
    [[], {}, false],
    [['--color', 'always'], {}, true],
    [['--color=always'], { NO_COLOR: '1' }, true],
    [['--color', 'never', '--color', 'always'], {}, true],
    [[], { FORCE_COLOR: '1' }, true],
    [[], { FORCE_COLOR: '' }, true],
    [[], { FORCE_COLOR: '0' }, false],
    [[], { FORCE_COLOR: 'false' }, false],
    [[], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [['--color', 'never'], { FORCE_COLOR: '1' }, false],
  ])('%j with %j in a file: %j', async (argv, env, expected) => {
    expect(await wrong(argv, env)).toBe(expected);
  });

  it.each([
    [[], {}, true],
    [[], { TERM: 'dumb' }, false],
    [[], { NO_COLOR: '1' }, false],
    [[], { NO_COLOR: '' }, true],
    [['--color=never'], {}, false],
  ])('%j with %j on a terminal: %j', async (argv, env, expected) => {
    expect(await wrong(argv, env, true)).toBe(expected);
  });

  it('is asked for by usage errors as well, but not behind --', async () => {
    expect((await runInside(['bild', '--color=always'])).stderr).toContain(red);
    expect((await runInside(['verify', '--', '--color=always'])).stderr).not.toContain('\x1b');
    expect((await runInside(['verify', '--', '--json'])).stdout).toBe('');
  });
});

it('an option that npm took for its own is named, by the real npm', () => {
  const said = (...args: string[]) => {
    const { status, stderr } = spawnSync('npm', ['run', '--silent', 'build', ...args], {
      encoding: 'utf8',
      cwd: inject('airhive'),
    });
    return { status, stderr };
  };
  expect(said('--profile', 'intel8260', '--require-complete')).toEqual({
    status: 2,
    stderr:
      'error: npm took --profile and --require-complete for options of its own\n' +
      '  put -- before the options: npm run build -- --profile intel8260\n',
  });
  expect(said('none-of-these', '--', '--offline').stderr).toContain('none-of-these');
});
