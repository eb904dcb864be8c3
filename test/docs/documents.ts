import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostView, wrapped } from '../../generators/plan/host.ts';
import { renderTemplate } from '../../generators/plan/render.ts';
import { displays, section } from '../fixtures/mdoc.ts';
import { variant } from '../fixtures/profiles.ts';
import { ROOT } from './messages.ts';

export const PAGE = 'docs/troubleshooting.md';

/** The pages of a directory, not of those below it. */
const pagesOf = (directory: string): string[] =>
  readdirSync(join(ROOT, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${directory}/${name}`)
    .toSorted();

/** Its commands are run by test/cli/ci.test.ts. */
const PUBLISHING = 'docs/publish.md';
export const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  ...pagesOf('docs').filter((file) => file !== PUBLISHING),
];
/** What a developer needs to know: it has no commands for users. */
export const NOTES = ['CHANGELOG.md', 'CONTRIBUTING.md', PUBLISHING, ...pagesOf('docs/notes')];
const MANUAL = 'overlays/host/man/airhive.8';
const STEPS = 'overlays/host/README.txt.mustache';

const PROGRAMS = new Set(
  (
    'npm ( airhivectl cd cp chmod less man mkdir service tail grep cat ls mv df ps pgrep pciconf acpidump sysctl sysrc kldstat kldload dmesg ' +
    'ifconfig netstat pfctl ping route resolvconf pkg shutdown sha256sum while'
  ).split(' '),
);

/** A command that a document shows, and where. */
export interface Shown {
  readonly file: string;
  readonly command: string;
}

export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The README of a bundle, as it is for intel8260. */
export function stepsOfBundle(): string {
  return wrapped(renderTemplate(STEPS, textOf(STEPS), hostView(variant(), '0.1.0')));
}

/** Every command of the documents, each once for each document, in their order. */
export function commands(): Shown[] {
  const documents = DOCUMENTS.map((file) => ({ file, found: commandsIn(textOf(file)) }));
  const others = [
    { file: STEPS, found: indentedCommands(stepsOfBundle()) },
    { file: MANUAL, found: examplesOfManual() },
  ];
  return [...documents, ...others].flatMap(({ file, found }) =>
    [...new Set(found)].map((command) => ({ file, command })),
  );
}

/** The examples of airhive(8); those of airhive(1) are run by test/cli/manual.test.ts. */
function examplesOfManual(): string[] {
  const lines = displays(section(textOf(MANUAL), 'EXAMPLES'))
    .join('')
    .split('\n');
  return lines.filter(Boolean).map((line) => line.replace('HOSTDIR', '/mnt/vm_bhyve/linuxguest'));
}

/** What stands in code in a document, with a space in it, and is not taken for a command. */
export function otherSpans(file: string): string[] {
  const found = new Set(commandsIn(textOf(file)));
  return [...new Set(spans(textOf(file)))].filter((span) => span.includes(' ') && !found.has(span));
}

/** The languages of a document's fenced blocks. */
export function fences(file: string): string[] {
  const marks = [...textOf(file).matchAll(/^ *```(\w*)$/gm)].map(([, language = '']) => language);
  return marks.filter((_, index) => index % 2 === 0);
}

/** The indented lines of a bundle's README that are not taken for commands. */
export function otherLinesOfSteps(): string[] {
  const taken = indentedCommands(stepsOfBundle()).join('\n');
  const lines = [...stepsOfBundle().matchAll(/^ {2}(\S.*)$/gm)].map(([, line = '']) => line);
  return lines.filter((line) => !taken.includes(line.split(/ {2,}(?!\[)/)[0]!));
}

/** Those that belong to the machine that builds; all others are for the FreeBSD host. */
export const isForBuilding = (command: string): boolean => /^(npm |\()/.test(command);

/** The verbs of the README's table, as commands. */
function verbsIn(markdown: string): string[] {
  const rows = [...markdown.matchAll(/^\| `((?:cards|init|build|validate|plan|verify|profiles)\b.*) +\| /gm)];
  const cells = rows.flatMap(([, cell = '']) => cell.trim().replace(/`$/, '').split('`, `'));
  return cells.map((words) => `npm run airhive -- ${words.replaceAll('\\|', '|')}`);
}

function commandsIn(markdown: string): string[] {
  const fences = [...markdown.matchAll(/^ *```sh\n([^]*?)^ *```/gm)].map(([, text = '']) => text);
  const lines = fences.flatMap((text) => text.split('\n').map((line) => line.replace(/ +#.*/, '').trim()));
  return [...lines.filter(Boolean), ...spans(markdown).filter(isCommand), ...verbsIn(markdown)];
}

/** The inline code of a page, but for fenced blocks and the lines that a program prints. */
function spans(markdown: string): string[] {
  const prose = markdown.replace(/^ *```[^]*?^ *```/gm, '').replace(/^- `.*`$/gm, '');
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '));
}

/** In running text a program's bare name is only a name. */
function isCommand(span: string): boolean {
  const [first = ''] = span.split(' ');
  if (/^\.\/vm_[a-z]+$/.test(first) || span === 'dmesg' || span === 'kldstat') return true;
  return span.includes(' ') && (PROGRAMS.has(first) || /^vm_[a-z]+$/.test(first));
}

/** In a plain text commands stand in lines of their own, with a gap before what they do. */
export function indentedCommands(text: string): string[] {
  const lines = text
    .replace(/^ {2}(while .*)\n(.*)\n(.*done.*)$/gm, '  $1\f$2\f$3')
    .matchAll(/^ {2}(\S.*)$/gm);
  return [...lines].flatMap(([, line = '']) => {
    const [words = ''] = line.split(/ {2,}(?!\[)/);
    const [first = ''] = words.split(' ');
    return PROGRAMS.has(first) || /(^|\/)vm_[a-z]+$/.test(first)
      ? [line.startsWith('while') ? line.replaceAll('\f', '\n') : words]
      : [];
  });
}

/** The lines of programs that the troubleshooting page quotes. */
export function quotes(): string[] {
  return [...textOf(PAGE).matchAll(/^- `(.*)`$/gm)].map(([, quote = '']) => quote);
}
