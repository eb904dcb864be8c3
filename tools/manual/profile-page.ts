import { EXIT_CODES } from '../../generators/errors.ts';
import { LONGEST_TEXT } from '../../generators/profile/fields.ts';
import { PROFILE_NAME } from '../../generators/profile/resolve.ts';
import { RULES, type Rule } from '../../generators/profile/rules.ts';
import { argument, bulletList, display, paragraph, taggedList } from './mdoc.ts';
import { profileReference, type KeyReference } from './reference.ts';

/** airhive-profile(5), made from the schema and the rules. In a bundle it gets the date of the release. */
export function profilePage(): string {
  const lines = [
    '.Dd June 13, 2026',
    '.Dt AIRHIVE-PROFILE 5',
    '.Os',
    '.Sh NAME',
    '.Nm airhive-profile',
    '.Nd what airhive builds a bundle from',
    '.Sh DESCRIPTION',
    ...paragraph(INTRODUCTION),
    '.Pp',
    ...paragraph(SECRETS),
    ...profileReference().keys.flatMap(group),
    '.Sh RULES',
    ...paragraph('These concern more than one key, or the pinned releases.'),
    ...rules('error', `Refused (exit status ${EXIT_CODES.usage}) unless`),
    ...rules('unsupported', `Not supported (exit status ${EXIT_CODES.unsupported}) unless`),
    ...rules('warning', 'Warned of unless'),
    '.Sh FILES',
    ...FILES,
    '.Sh EXAMPLES',
    ...paragraph('A card in an M.2 slot, used in Germany, with SSH from the Wi-Fi side to the host:'),
    ...display(EXAMPLE_PROFILE),
    '.Pp',
    ...paragraph('Checked before it is built:'),
    ...display('airhive validate ./mine.yaml'),
    '.Sh SEE ALSO',
    '.Xr airhive 1 ,',
    '.Xr bhyve 8 ,',
    '.Xr pciconf 8',
  ];
  return `${lines.join('\n')}\n`;
}

const INTRODUCTION =
  'A profile is a file in YAML 1.2 from which airhive(1) builds a bundle: a VM for the Wi-Fi card of one FreeBSD machine. ' +
  `The name of the file, without .yaml or .yml, names the bundle: ${PROFILE_NAME}. ` +
  'A profile has groups of keys, and names only what differs from the defaults. ' +
  'Keys that are not listed here are refused, and so are repeated keys, aliases (`*name`) and tags (`!name`). ' +
  `Text has at most ${LONGEST_TEXT} characters where nothing else is said. ` +
  'All problems of a profile are reported at once, each with its line, its column and the path of the key as it is given ' +
  'here, but with a number for each entry of a list: `passthrough[0].pci`.';

const SECRETS =
  'Networks, passphrases and keys never go into a profile, which may be published. ' +
  'They have a file of their own; see `--secrets` in airhive(1).';

const FILES = taggedList([
  {
    tag: '.It Pa profiles/*.yaml',
    lines: paragraph("The profiles that airhive ships, in airhive's own directory."),
  },
  {
    tag: '.It Pa profiles/profile.schema.json',
    lines: paragraph(
      'The JSON Schema of a profile, with which editors check and complete. `airhive schema` prints it too.',
    ),
  },
  {
    tag: '.It Pa profiles/releases.yaml',
    lines: paragraph('The pinned releases of Alpine Linux, the only ones that a profile may name.'),
  },
  {
    tag: '.It Pa profiles/cards.yaml',
    lines: paragraph(
      'The table of cards: whether a card works in a guest and why, what drives it, which firmware it needs, and what FreeBSD itself does with it.',
    ),
  },
]);

const EXAMPLE_PROFILE = `# mine.yaml
alpine:
  release: 3.24.1
passthrough:
  - pci: 0/20/3
    id: 8086:a0f0
    drivers: [if_iwlwifi]
network:
  host: 172.24.1.49/24
  guest: 172.24.1.1
wifi:
  country: DE
ssh:
  reverse: true
host:
  freebsd: '14.3'
  retire: [wlans_iwlwifi0, ifconfig_wlan0]
`;

function group(reference: KeyReference): string[] {
  const list = reference.entry ? `${capital(reference.allowed)}, each with the keys below.` : '';
  const keys = (reference.entry ?? reference).keys;
  return [
    `.Ss ${argument(reference.path)}`,
    ...paragraph(`${reference.description} ${list}`),
    ...(reference.required ? ['Required.'] : ['Optional.']),
    ...taggedList(keys.flatMap(item)),
  ];
}

interface Item {
  readonly tag: string;
  readonly lines: readonly string[];
}

/** A key and, after a group or a list of groups, the keys of these. */
function item(reference: KeyReference): Item[] {
  const { path, description, entry } = reference;
  const ofEntry =
    entry?.keys.length === 0 ? ['.Pp', ...paragraph(`An entry: ${entry.description} ${value(entry)}`)] : [];
  const text = paragraph(`${description} ${value(reference)}`);
  const own = { tag: `.It Cm ${argument(path)}`, lines: [...text, ...presence(reference), ...ofEntry] };
  return [own, ...(entry ?? reference).keys.flatMap(item)];
}

function value({ allowed, longest }: KeyReference): string {
  if (longest === undefined) return `${capital(allowed)}.`;
  return longest === LONGEST_TEXT ? `Text: ${allowed}.` : `Text, at most ${longest} characters: ${allowed}.`;
}

function presence(reference: KeyReference): string[] {
  if (reference.required) return ['Required.'];
  if (reference.default === undefined) return ['Optional.'];
  return ['Default:', `.Ql ${argument(written(reference.default))} .`];
}

/** A default as a profile would have it. Digits alone need quotes to be text. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  return typeof value === 'string' && !/^[0-9.]+$/.test(value) ? value : JSON.stringify(value);
}

function rules(otherwise: Rule['otherwise'], title: string): string[] {
  const demands = RULES.filter((rule) => rule.otherwise === otherwise).map(({ demand }) => paragraph(demand));
  return [`.Ss ${title}`, ...bulletList(demands)];
}

/** A sentence may start with a word that has to stay as it is, such as x86_64. */
function capital(text: string): string {
  return /^[a-z]+\b/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
