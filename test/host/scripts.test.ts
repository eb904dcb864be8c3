import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from './commands.ts';
import { Machine, pathOf } from './machine.ts';

const SHELLS = [
  { name: 'dash', applet: [] },
  { name: 'bash', applet: ['--posix'] },
  { name: 'busybox', applet: ['ash'] },
];

/** Commands of FreeBSD's base that no script calls, with a name that a function might have. */
const OTHERS = (
  'apply ar as at atm banner bc calendar col colrm column comm compress crypt csplit ctags dump ed enigma ex expand fg file finger ' +
  'fold fstat fuser halt head host hostname indent install ipcs jail jobs join jot kill lam last leave link locate lock login look ' +
  'mail mailwrapper mesg more mount mt nice nl paste patch pax pr printenv procstat quota random rev rs script sort split ' +
  'strings su switch talk tee time top touch tset type ul units unlink users uuidgen vi wait wall watch what whereis which who ' +
  'whois write xo yes zfs'
).split(' ');

/** What comments name with a _ in it, and no script of ours has. */
const NAMES_OF_OTHERS = ['authorized_keys', 'scan_results'];

const OVERLAY = new URL('../../overlays/host/', import.meta.url).pathname;

/** Every line of the scripts and awk programs, with its place. */
function allLines(): { at: string; line: string }[] {
  const found = readdirSync(OVERLAY, { recursive: true }) as string[];
  const scripts = found
    .filter((path) => /^(vm_|lib\/|rc\.d\/|airhivectl$)/.test(path) && !path.endsWith('.mustache'))
    .toSorted();
  return scripts.flatMap((path) =>
    readFileSync(join(OVERLAY, path), 'utf8')
      .split('\n')
      .map((line, number) => ({ at: `${path}:${number + 1}`, line })),
  );
}

const functionsOf = (text: string): string[] =>
  [...text.matchAll(/^([a-z_0-9]+)\(\) [({]/gm)].map(([, name = '']) => name);

function scriptsOf(machine: Machine): string[] {
  const found = readdirSync(machine.bundle, { recursive: true }) as string[];
  const scripts = found.filter(
    (path) => /^(vm_|lib\/|rc\.d\/|airhivectl$)/.test(path) && !/\.(awk|html|tsv)$/.test(path),
  );
  expect(scripts).toContain('vm_run');
  return scripts;
}

describe.each(SHELLS)('under $name', ({ name, applet }) => {
  it(`the scripts parse`, () => {
    const machine = new Machine();
    for (const script of scriptsOf(machine)) {
      const args = [...applet, '-n', join(machine.bundle, script)];
      expect(spawnSync(name, args, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    }
  });
});

// Not under busybox: Debian's calls its own sleep and cat, whatever PATH says.
it.each(['dash', 'bash'])('a life under %s: crash, reboot, hung loader, vm_kill', async (name) => {
  const machine = new Machine();
  machine.shell = [pathOf(name)];
  machine.put('plan', 'exit 3 5\nexit 0 700\n');
  machine.put('loader-plan', 'ok\nok\nhang\n');
  const started = machine.start('vm_run');
  await machine.exists('loader-hangs');
  expect((await machine.call('vm_kill')).code).toBe(0);
  expect((await started.ended).code).toBe(0);
  expect(machine.pauses()).toEqual([5]);
  const next = await machine.up();
  process.kill(next.pid, 'SIGTERM');
  expect((await next.ended).code).toBe(130);
  expect(existsSync(machine.vmm)).toBe(false);
});

describe('the scripts', () => {
  it.each([
    ['grub', 'nmdm'],
    ['uefi', 'stdio'],
  ])('are clean under shellcheck, loader %s, console %s', { timeout: 120_000 }, (loader, console) => {
    const machine = new Machine({ view: { loader, console } });
    const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-x', ...scriptsOf(machine)], {
      cwd: machine.bundle,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it('are executable where they are commands, and plain text', () => {
    const machine = new Machine();
    for (const name of scriptsOf(machine)) {
      const file = join(machine.bundle, name);
      const text = readFileSync(file, 'utf8');
      expect(text, name).toMatch(/^[\t\n -~]*$/);
      if (/^(vm_|airhivectl$)/.test(name)) expect(text).toMatch(/^#!\/bin\/sh\n/);
      expect((statSync(file).mode & 0o111) !== 0, name).toBe(text.startsWith('#!'));
    }
  });

  // A name with a _ in it is easy to tell from a word; what no script has is the name that a function had once.
  it('have no comment that names a function which is not there', () => {
    const lines = allLines();
    const code = lines.map(({ line }) => line.replace(/^\s*#.*|(?<=[{}]) # .*/, '')).join('\n');
    const known = new Set([...(code.match(/[A-Za-z0-9_]+/g) ?? []), ...NAMES_OF_OTHERS]);
    const unknown = lines.flatMap(({ at, line }) => {
      const comment = /(?:^\s*|[{}] )#(?! shellcheck)(.*)/.exec(line)?.[1] ?? '';
      const names = comment.match(/(?<![\w/.-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?!\w)/g) ?? [];
      return names.filter((name) => !known.has(name)).map((name) => `${at}: ${name}`);
    });
    expect(unknown).toEqual([]);
  });

  it('describe a function by its own name', () => {
    const lines = allLines();
    const wrong = lines.flatMap(({ at, line }, number) => {
      // "# NAME ARGUMENT...: what it does", and some lines later the function.
      const name = /^# ([a-z][a-z_0-9]*)(?: (?:"?[A-Z]|\[)[^:]*)+:/.exec(line)?.[1];
      if (name === undefined) return [];
      const after = lines.slice(number).find((next) => !next.line.startsWith('#'))?.line ?? '';
      return /^[a-z_0-9]+\(/.test(after) && !after.startsWith(`${name}()`) ? [`${at}: ${name}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  // FreeBSD's printf ends what "%b" makes at its first zero byte (seen with 15.1's sh). Escapes in the format may be any byte.
  it('print no bytes by %b', () => {
    expect(allLines().filter(({ line }) => /^[^#]*printf.*%b/.test(line))).toEqual([]);
  });

  // Who reads a call of it in one script must not find another thing under its name. main is where each begins, and do_VERB
  // what it does for a command of its own.
  it('have one meaning for the name of a function', () => {
    const machine = new Machine();
    const places = scriptsOf(machine).flatMap((script) =>
      functionsOf(readFileSync(join(machine.bundle, script), 'utf8')).map((name) => [name, script] as const),
    );
    const first = new Map(places.toReversed());
    const again = places.filter(([name, script]) => first.get(name) !== script && !/^(main$|do_)/.test(name));
    expect(again).toEqual([]);
  });

  // The function would be called in the place of the command, from then on and by whatever is sourced.
  it('have no function with the name of a command', () => {
    const machine = new Machine();
    const text = scriptsOf(machine)
      .map((name) => readFileSync(join(machine.bundle, name), 'utf8'))
      .join('\n');
    const functions = functionsOf(text);
    expect(functions.length).toBeGreaterThan(300);
    expect(functions.filter((name) => COMMANDS.includes(name) || OTHERS.includes(name))).toEqual([]);
  });
});
