import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AirhiveError, exitCodeOf } from '../errors.ts';
import type { BuildOptions } from './build.ts';
import type { CardsOptions } from './cards.ts';
import type { DiffOptions } from './diff.ts';
import type { InitOptions } from './init.ts';
import type { LockOptions } from './lock.ts';
import type { RebuildOptions } from './rebuild.ts';
import { createReporter, describeFailure, printFailure, wantsColour } from './reporter.ts';
import type { ReleasesOptions } from './releases.ts';
import type { Outcome, VerbContext, World } from './world.ts';
import { visibleJson, visibleLines } from '../profile/diagnostics.ts';

interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: string;
}

const EXIT_CODES_HELP = `
Exit codes:
  0 done            1 a bug in airhive        2 wrong usage, profile or template
  3 unsupported     4 tool or environment missing             5 network
  6 verification failed       7 disk          130 interrupted`;

const EXAMPLES = `
Examples:
  airhive build --profile intel8260      the bundle: dist/intel8260/ and .tar
  airhive build --profile ./mine.yaml --secrets s.yaml
                                         with this machine's networks beside it
  airhive build --all                    all shipped profiles, in one run
  airhive verify dist/intel8260          is it still what was built?`;

/**
 * Runs the command line. Results go to standard output, everything else to standard error.
 * @returns the exit code
 */
export async function run(world: World, version: string): Promise<number> {
  let outcome: Outcome | undefined;
  const program = createProgram(world, version, (result) => {
    outcome = result;
  });
  try {
    await program.parseAsync(world.argv, { from: 'user' });
    if (outcome) print(world, outcome);
    return outcome?.exit ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : fail(world, usageError(error));
    return fail(world, error);
  }
}

type Done = (outcome: Outcome) => void;

function createProgram(world: World, version: string, done: Done): Command {
  const program = new Command('airhive')
    .description(
      "Wi-Fi for a FreeBSD laptop through a tiny Alpine Linux VM: builds the VM's bundle from a profile.",
    )
    .version(version, '-V, --version')
    .addHelpText('after', EXAMPLES + '\n' + EXIT_CODES_HELP)
    .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: () => undefined })
    .exitOverride();
  const context = (options: CommonOptions): VerbContext => ({
    ...world,
    version,
    reporter: createReporter(world.stderr, {
      quiet: options.quiet ?? false,
      verbose: options.verbose ?? false,
      colour: wantsColour(options.color, world.env, world.stderr.isTerminal),
      monotonic: () => world.clock.monotonic(),
    }),
  });
  addBuild(program, context, done);
  addLock(program, context, done);
  addInit(program, context, done);
  addReaders(program, context, done);
  addComparers(program, context, done);
  addCards(program, context, done);
  addReleases(program, context, done);
  addLists(program, context, done);
  return program;
}

type ContextOf = (options: CommonOptions) => VerbContext;

/** A verb with the options that all of them take. Verbs load their code when they run, so that help is quick. */
function verb(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'one JSON document on standard output, errors included')
    .option('--quiet', 'no step lines, only warnings and errors')
    .option('--verbose', 'more detail')
    .addOption(
      new Option('--color <when>', 'colour in messages').choices(['auto', 'always', 'never']).default('auto'),
    );
}

const RELEASES = ['--releases <file>', 'pinned releases (default: the ones airhive ships)'] as const;
const PROFILE = ['--profile <name|file>', 'a profile that airhive ships, or a file of your own'] as const;

const KEYS = [
  '--keys <dir>',
  "keys that packages are signed with, NAME.rsa.pub (default: Alpine's)",
  notEmpty,
] as const;

/** `--out "$UNSET"` must not mean the present directory. */
function notEmpty(path: string): string {
  if (path === '') throw new InvalidArgumentError('It is empty.');
  return path;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

function addBuild(program: Command, context: ContextOf, done: Done): void {
  verb(program, 'build', 'make the whole bundle: OUT/NAME/ and OUT/NAME.tar')
    .argument('[profiles...]', 'the same as --profile')
    .option(PROFILE[0], `${PROFILE[1]}; repeatable`, collect)
    .option('--all', 'all profiles that airhive ships')
    .option('--out <dir>', 'where to put it', notEmpty, 'dist')
    .option('--iso <file>', "use this copy of the profile's ISO", notEmpty)
    .option(
      '--mirror <url>',
      'download ISO and packages from here (the part before /v3.24/releases/); repeatable',
      collect,
    )
    .option(...RELEASES)
    .option('--cache <dir>', 'where downloads are kept (default: $XDG_CACHE_HOME/airhive)', notEmpty)
    .option(...KEYS)
    .option(
      '--lock <file|bundle>',
      'take exactly these packages and firmware (default: the lock beside the profile, if there is one)',
      notEmpty,
    )
    .option(
      '--offline',
      'use no network; what is not in the cache is left out, the ISO for the host to download',
    )
    .option('--require-iso', 'fail (exit 5) if the ISO cannot be had')
    .option('--require-complete', 'fail (exit 5) if the ISO, a package or firmware cannot be had')
    .option(
      '--secrets <file>',
      "also make OUT/NAME.site.img with this machine's networks and keys (mode 0600)",
    )
    .action(async (named: string[], options: BuildOptions & CommonOptions) => {
      const { build } = await import('./build.ts');
      const profile = [...(options.profile ?? []), ...named];
      done(await build({ ...options, profile }, context(options)));
    });
}

function addLock(program: Command, context: ContextOf, done: Done): void {
  verb(program, 'lock', 'choose, download and check the packages that the ISO lacks: NAME.lock.json')
    .option(...PROFILE)
    .option(
      '--out <file>',
      'where to write it (default: beside the profile, or here for a shipped one)',
      notEmpty,
    )
    .option(
      '--mirror <url>',
      'download packages from here (the part before /v3.24/main/); repeatable',
      collect,
    )
    .option(...RELEASES)
    .option(...KEYS)
    .option('--cache <dir>', 'where downloads are kept (default: $XDG_CACHE_HOME/airhive)', notEmpty)
    .option('--offline', 'use no network, only what is in the cache')
    .action(async (options: LockOptions & CommonOptions) => {
      const { lock } = await import('./lock.ts');
      done(await lock(options, context(options)));
    });
}

function addInit(program: Command, context: ContextOf, done: Done): void {
  const yesOrNo = "whether others on the Wi-Fi may reach this machine's sshd (default: asked, else no)";
  verb(program, 'init', 'write a profile from what pciconf -lv prints on the FreeBSD machine')
    .argument('[file]', 'the listing; - or nothing: standard input')
    .option('--out <file>', 'where to write the profile (default: standard output)', notEmpty)
    .option('--card <place>', 'which Wi-Fi card, if there are several: 4/0/0')
    .option('--freebsd <version>', 'FreeBSD there (default: from output of uname in the input, else asked)')
    .option(
      '--country <code>',
      'where the Wi-Fi is used: DE (default: asked, else what ifconfig says, else 00)',
    )
    .addOption(new Option('--reverse-ssh <answer>', yesOrNo).choices(['yes', 'no']))
    .addOption(
      new Option('--loader <name>', 'how the guest is started').choices(['grub', 'uefi']).default('grub'),
    )
    .option('--directory <path>', 'where the bundle lies on the host', notEmpty)
    .option('--auto', 'let vm_install find the card on the machine, wherever it is by then')
    .action(async (file: string | undefined, options: InitOptions & CommonOptions) => {
      const { init } = await import('./init.ts');
      done(await init(file, options, context(options)));
    });
}

function addReaders(program: Command, context: ContextOf, done: Done): void {
  verb(program, 'validate', 'check profiles (all shipped ones by default); writes nothing')
    .argument('[profiles...]', 'names or files')
    .option(...RELEASES)
    .action(async (wanted: string[], options: CommonOptions & { releases?: string }) => {
      const { validate } = await import('./verbs.ts');
      done(await validate(wanted, options, context(options)));
    });
  verb(program, 'plan', 'list what build would make; touches neither network nor disk')
    .option(...PROFILE)
    .option(...RELEASES)
    .action(async (options: CommonOptions & { profile?: string; releases?: string }) => {
      const { plan } = await import('./verbs.ts');
      done(await plan(options, context(options)));
    });
}

function addComparers(program: Command, context: ContextOf, done: Done): void {
  const search = (command: Command) =>
    command
      .option(
        '--mirror <url>',
        'download what is not in the cache from here, as for build; repeatable',
        collect,
      )
      .option(...RELEASES)
      .option('--cache <dir>', 'where downloads are kept (default: $XDG_CACHE_HOME/airhive)', notEmpty)
      .option(...KEYS)
      .option('--offline', 'use no network, only what is in the cache');
  const verifying = verb(program, 'verify', 'read a bundle again and check all of it')
    .argument('<dir|tar>', 'the bundle')
    .option('--public', 'also fail if there is a data/ or any secret in it')
    .option('--rebuild', 'also make it again from what is in it, and compare all bytes');
  search(verifying).action(
    async (
      path: string,
      options: RebuildOptions & CommonOptions & { public?: boolean; rebuild?: boolean },
    ) => {
      const { verify } = await import('./verbs.ts');
      done(await verify(path, options, context(options)));
    },
  );
  const comparing = verb(program, 'diff', 'say in what two bundles differ (exit 6 if they do)')
    .argument('<a>', 'the earlier bundle, a directory or a tar')
    .argument('[b]', 'the later one')
    .option('--profile <name|file>', 'in place of b: what build would make of this profile now')
    .option('--lock <file|bundle>', 'with --profile: as for build', notEmpty);
  search(comparing).action(async (a: string, b: string | undefined, options: DiffOptions & CommonOptions) => {
    const { diff } = await import('./diff.ts');
    done(await diff(a, b, options, context(options)));
  });
}

function addCards(program: Command, context: ContextOf, done: Done): void {
  verb(program, 'cards', 'the table of cards; what would happen with one of them, or with those of a machine')
    .argument('[id]', 'vendor:device; - for what pciconf -l prints, from standard input')
    .option(
      '--freebsd <version>',
      'FreeBSD there (default: from output of uname in the input, if there is any)',
    )
    .action(async (id: string | undefined, options: CardsOptions & CommonOptions) => {
      const { cards } = await import('./cards.ts');
      done(await cards(id, options, context(options)));
    });
}

function addReleases(program: Command, context: ContextOf, done: Done): void {
  verb(program, 'releases', 'list the pinned Alpine releases with their age; "releases add 3.24.2" adds one')
    .argument('[add]', 'the word add: check an ISO by its signature, and pin it')
    .argument('[release]', 'which one: 3.24.2')
    .option('--flavor <name>', 'standard or extended (default: standard)')
    .option('--arch <name>', 'x86_64, the only one there is')
    .option('--mirror <url>', 'ask this one (the part before /v3.24/releases/); repeatable', collect)
    .option(
      '--key <file>',
      'believe this OpenPGP key and no other (default: the one that Alpine signs its ISOs with)',
      notEmpty,
    )
    .option('--iso <file>', 'use this copy of the ISO', notEmpty)
    .option('--releases <file>', 'list this file, or add to it (default: the one that airhive ships)')
    .option('--cache <dir>', 'where downloads are kept (default: $XDG_CACHE_HOME/airhive)', notEmpty)
    .action(
      async (
        add: string | undefined,
        release: string | undefined,
        options: ReleasesOptions & CommonOptions,
      ) => {
        const { releases } = await import('./releases.ts');
        const words = [add, release].filter((word) => word !== undefined);
        done(await releases(words, options, context(options)));
      },
    );
}

function addLists(program: Command, context: ContextOf, done: Done): void {
  verb(program, 'profiles', 'list the profiles that airhive ships').action(async (options: CommonOptions) => {
    const { profiles } = await import('./verbs.ts');
    done(await profiles(context(options)));
  });
  verb(program, 'schema', 'print the JSON Schema of a profile').action(async () => {
    const { schema } = await import('./verbs.ts');
    done(schema());
  });
}

/**
 * --json and --color, looked up in the words themselves: usage errors honour them too, and those come before any
 * option has a value.
 */
function outputOf({ argv, env, stderr }: World): { json: boolean; colour: boolean } {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const choices = words.flatMap((word, index) => {
    if (word.startsWith('--color=')) return word.slice('--color='.length);
    return word === '--color' ? (words[index + 1] ?? []) : [];
  });
  return {
    json: words.includes('--json'),
    colour: wantsColour(choices.at(-1) ?? 'auto', env, stderr.isTerminal),
  };
}

function print(world: World, { lines, result }: Outcome): void {
  if (outputOf(world).json) world.stdout.write(document({ ok: true, ...result }));
  else for (const line of lines) world.stdout.write(`${visibleLines(line)}\n`);
}

function fail(world: World, error: unknown): number {
  const { json, colour } = outputOf(world);
  if (json) world.stdout.write(document({ ok: false, error: describeFailure(error) }));
  else printFailure(world.stderr, error, colour);
  return exitCodeOf(error);
}

/** The one document that --json prints. */
function document(content: Readonly<Record<string, unknown>>): string {
  return visibleJson(`${JSON.stringify({ format: 1, ...content }, null, 2)}\n`);
}

function usageError(error: CommanderError): AirhiveError {
  // Without a verb commander prints the help as an error.
  const message =
    error.code === 'commander.help' ? 'no command was given' : error.message.replace(/^error: /, '');
  return new AirhiveError('usage', message.replaceAll('\n', ' '), {
    hint: 'airhive --help lists the commands, airhive COMMAND --help its options',
  });
}
