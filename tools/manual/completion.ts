/** What a shell can complete behind airhivectl; test/docs/completion.test.ts holds it against the help of the commands. */
export interface Completed {
  readonly name: string;
  readonly does: string;
  readonly verbs?: readonly Completed[];
  readonly options?: readonly Option[];
  /** It takes the name of a file. */
  readonly file?: boolean;
}

export interface Option {
  readonly name: string;
  readonly does: string;
  /** What it takes: one of these words, the name of a file, or something that only the user knows. */
  readonly takes?: readonly string[] | 'file' | 'text';
}

const option = (name: string, does: string, takes?: Option['takes']): Option =>
  takes === undefined ? { name, does } : { name, does, takes };

const JSON_OPTION = option('json', 'for programs');
const HEX = option('hex', 'NAME is hexadecimal digits');
const MAC = 'the address that the network sees';
const POLICIES = ['permanent', 'random', 'per-network'];

const ENTERPRISE = [
  option('eap', 'the network wants to know who joins', ['peap', 'ttls', 'tls', 'pwd']),
  option('identity', 'who joins', 'text'),
  option('anonymous', 'who joins, for others to read', 'text'),
  option('phase2', 'the method within the tunnel', ['mschapv2', 'gtc', 'md5', 'pap', 'chap', 'mschap']),
  option('ca', 'the CA that certifies its server', 'file'),
  option('ca-system', 'any public CA'),
  option('no-ca', 'any server'),
  option('domain-suffix', 'the end of the name of its server', 'text'),
  option('client-cert', 'the own certificate', 'file'),
  option('client-key', 'the key of it', 'file'),
];

const NETWORK = [
  option('open', 'it has no passphrase'),
  option('hidden', 'it does not send its name'),
  HEX,
  option('legacy', 'WPA of 2003 or TKIP will do'),
];

const CHANGES = [option('yes', 'does not ask'), option('dry-run', 'shows every change and makes none')];
const CARD = option('card', 'the place of the card for the guest', 'text');

const SITE: readonly Completed[] = [
  {
    name: 'add',
    does: 'a network',
    options: [
      ...NETWORK,
      option('priority', 'the highest is tried first', 'text'),
      option('trusted', 'everybody in it may reach what the profile opens'),
      option('public', 'strangers are in it'),
      option('mac', MAC, POLICIES),
      ...ENTERPRISE,
    ],
  },
  {
    name: 'mark',
    does: 'changes what a network is',
    options: [
      option('trusted', 'everybody in it may reach what the profile opens'),
      option('no-trusted', 'nobody in it may'),
      option('public', 'strangers are in it'),
      option('no-public', 'no strangers are in it'),
      option('mac', MAC, [...POLICIES, 'default']),
      HEX,
    ],
  },
  { name: 'list', does: 'what there is, without secrets', options: [JSON_OPTION] },
  { name: 'remove', does: 'a network', options: [HEX] },
  { name: 'import', does: 'the networks of a wpa_supplicant.conf', file: true },
  { name: 'authorize', does: 'public keys that may log in to the guest', file: true },
  { name: 'deauthorize', does: 'a key by its fingerprint' },
  { name: 'init', does: 'makes what is missing' },
];

const WIFI: readonly Completed[] = [
  { name: 'scan', does: 'the networks in reach', options: [JSON_OPTION] },
  { name: 'pick', does: 'shows the networks and joins one', options: [option('plain', 'numbered lines')] },
  { name: 'status', does: 'what works, and what does not', options: [JSON_OPTION] },
  {
    name: 'join',
    does: 'switches to a network and keeps it',
    options: [...NETWORK, option('passphrase', 'asks for it anew'), ...ENTERPRISE],
  },
  { name: 'forget', does: 'a network that was joined once', options: [HEX] },
  { name: 'watch', does: 'follows the connection' },
];

/** The one list that all completions are made from. */
export const COMMANDS: readonly Completed[] = [
  {
    name: 'status',
    does: 'what works, and what does not',
    options: [JSON_OPTION, option('html', 'a page with a drawing', 'file')],
  },
  { name: 'wifi', does: 'choose, scan, join and forget networks', verbs: WIFI },
  { name: 'site', does: 'networks and keys of this machine', verbs: SITE },
  {
    name: 'native',
    does: "FreeBSD's own driver, and back",
    verbs: [
      { name: 'on', does: 'the card is for FreeBSD', options: [option('yes', 'does not ask')] },
      { name: 'off', does: 'the card is for the guest', options: [option('yes', 'does not ask')] },
    ],
  },
  { name: 'console', does: "the guest's console", options: [option('log', 'what it printed last')] },
  {
    name: 'log',
    does: 'an archive for a bug report',
    options: [option('names', 'with the names of networks')],
    file: true,
  },
  { name: 'check', does: 'looks at this machine, changes nothing', options: [CARD] },
  { name: 'install', does: 'installs airhive', options: [...CHANGES, CARD] },
  { name: 'upgrade', does: 'takes the place of an older bundle', options: [...CHANGES, CARD] },
  { name: 'rollback', does: 'goes back to the bundle before', options: [...CHANGES, CARD] },
  { name: 'remove', does: 'takes everything back', options: CHANGES },
  { name: 'fetch', does: 'downloads the Alpine ISO' },
  { name: 'run', does: 'runs the guest in this terminal' },
  { name: 'kill', does: 'shuts the guest down', options: [option('quick', 'within seconds')] },
  { name: 'tunnel', does: 'keeps the reverse tunnel open' },
  { name: 'help', does: 'what a command takes' },
];

/** Where options stand: behind a command, or behind a verb of it. */
interface Place {
  readonly command: string;
  readonly verb: string | undefined;
  readonly options: readonly Option[];
  readonly file: boolean;
}

const placeOf = (
  command: string,
  verb: string | undefined,
  { options = [], file = false }: Completed,
): Place => ({
  command,
  verb,
  options,
  file,
});

const PLACES: readonly Place[] = COMMANDS.flatMap((command) =>
  command.verbs
    ? command.verbs.map((verb) => placeOf(command.name, verb.name, verb))
    : [placeOf(command.name, undefined, command)],
).filter(({ options, file }) => options.length > 0 || file);

/** The options of all places by what they take. */
function taking(kind: 'file' | 'text'): string[] {
  const options = PLACES.flatMap((place) => place.options).filter(({ takes }) => takes === kind);
  return [...new Set(options.map(({ name }) => `--${name}`))];
}

/** Options with words, and in which places: of `mac` each place has its own. */
const CHOICES = PLACES.flatMap(({ command, verb, options }) =>
  options.flatMap(({ name, takes }) =>
    Array.isArray(takes) ? [{ at: `${command}:${verb ?? '*'}:--${name}`, words: takes as string[] }] : [],
  ),
);

const HEAD = '# Completion of airhivectl(8). Made from tools/manual/completion.ts by "npm run schema".';
const names = (list: readonly Completed[]): string => list.map(({ name }) => name).join(' ');
const WITH_VERBS = COMMANDS.flatMap(({ name, verbs }) => (verbs ? [{ name, verbs }] : []));

/** For bash 4 and newer, with or without the package bash-completion. */
export function bashCompletion(): string {
  const atPlace = ({ command, verb, options, file }: Place): string => {
    const words = [...options.map(({ name }) => `--${name}`), '--help'].join(' ');
    return `    *:${command}:${verb ?? '*'}) words='${words}'${file ? ' files=1' : ''} ;;`;
  };
  return lines(
    HEAD,
    '_airhivectl() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= files=',
    '  COMPREPLY=()',
    '  case ${COMP_WORDS[1]}:${COMP_WORDS[2]}:$before in',
    ...CHOICES.map(({ at, words }) => `    ${at}) words='${words.join(' ')}' ;;`),
    `    *:*:${taking('file').join(' | *:*:')}) files=1 ;;`,
    `    *:*:${taking('text').join(' | *:*:')}) return ;;`,
    '  esac',
    '  [ -n "$words$files" ] || case $COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]} in',
    `    1:* | 2:help:*) words='${names(COMMANDS)}' ;;`,
    ...WITH_VERBS.map(({ name, verbs }) => `    2:${name}:*) words='${names(verbs)}' ;;`),
    ...PLACES.map(atPlace),
    '    *) words=--help ;;',
    '  esac',
    '  if [ -n "$files" ] && [[ $cur != -* ]]; then',
    '    compopt -o default 2>/dev/null',
    '    return',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -F _airhivectl airhivectl',
  );
}

/** For zsh: the words, each with what it means. */
export function zshCompletion(): string {
  const found = (list: readonly { name: string; does: string }[], before = ''): string =>
    list.map(({ name, does }) => `'${before}${name}:${does.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const atPlace = ({ command, verb, options, file }: Place): string[] => [
    `  *:${command}:${verb ?? '*'})`,
    ...(file ? ['    files=1'] : []),
    `    found=(${[found(options, '--'), `'--help:what it takes'`].filter(Boolean).join(' ')}) ;;`,
  ];
  return lines(
    '#compdef airhivectl',
    HEAD,
    'local files=',
    'local -a found',
    'case $words[2]:$words[3]:$words[CURRENT-1] in',
    ...CHOICES.map(({ at, words }) => `  ${at}) compadd ${words.join(' ')}; return ;;`),
    `  (*:*:${taking('file').join('|*:*:')}) _files; return ;;`,
    `  (*:*:${taking('text').join('|*:*:')}) _message 'a value'; return ;;`,
    'esac',
    'case $CURRENT:$words[2]:$words[3] in',
    `  (2:*|3:help:*) found=(${found(COMMANDS)}) ;;`,
    ...WITH_VERBS.map(({ name, verbs }) => `  3:${name}:*) found=(${found(verbs)}) ;;`),
    ...PLACES.flatMap(atPlace),
    `  *) found=('--help:what it takes') ;;`,
    'esac',
    '[[ -z $files || $words[CURRENT] = -* ]] || { _files; return }',
    `_describe 'airhivectl' found`,
  );
}

/** For fish: a line for each word. */
export function fishCompletion(): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`\'`)}'`;
  const word = (where: string, { name, does }: Completed): string =>
    `complete -c airhivectl -n '${where}' -a ${name} -d ${quoted(does)}`;
  const atPlace = ({ command, verb = '', options, file }: Place): string[] => {
    const where = `complete -c airhivectl -n '__airhivectl_behind ${`${command} ${verb}`.trim()}'`;
    return [
      ...(file ? [`${where} -F`] : []),
      ...options.map(({ name, does, takes }) => `${where} -l ${name}${taken(takes)} -d ${quoted(does)}`),
    ];
  };
  const taken = (takes: Option['takes']): string => {
    if (takes === undefined) return '';
    if (takes === 'file') return ' -r -F';
    return takes === 'text' ? ' -x' : ` -x -a '${takes.join(' ')}'`;
  };
  return lines(
    HEAD,
    'function __airhivectl_at -d "nothing but these words stands before the cursor"',
    '  test (commandline -opc | string join " ") = (string join " " airhivectl $argv)',
    'end',
    'function __airhivectl_behind -d "the command, and maybe its verb, are these"',
    '  set -l words (commandline -opc)',
    '  test "$words[2]" = "$argv[1]"; or return 1',
    '  test -z "$argv[2]"; or test "$words[3]" = "$argv[2]"',
    'end',
    'complete -c airhivectl -f',
    `complete -c airhivectl -l help -d 'what it takes'`,
    ...COMMANDS.flatMap((command) => [
      word('__airhivectl_at', command),
      ...(command.name === 'help' ? [] : [word('__airhivectl_at help', command)]),
    ]),
    ...WITH_VERBS.flatMap(({ name, verbs }) => verbs.map((verb) => word(`__airhivectl_at ${name}`, verb))),
    ...PLACES.flatMap(atPlace),
  );
}

const lines = (...text: string[]): string => `${text.join('\n')}\n`;
