import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a program can say. Its variable parts are `\0`. */
export interface Message {
  readonly file: string;
  /** The shell function that says it. */
  readonly by: string;
  readonly text: string;
}

/** How each shell function that says something is called: the words before the message, as patterns. */
const SAYERS: Readonly<Record<string, string>> = {
  'say|advise|unready|fine|note|refuse|echo': '',
  'die|fail|wrong|fault': String.raw`(?:\d|"\$[?A-Z]+") `,
  logger: String.raw`-t airhive -p daemon\.[a-z]+ -- (?:\\\n *)?`,
  'say_once|answer|row|eend': String.raw`(?:[a-z]+|''|\$[a-z]+) `,
};
const VARIABLE = '\0';

/** The shell scripts below a directory of overlays/, by their path from the root of the project. */
export function scripts(directory: string): string[] {
  const entries = readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.(mustache|awk|conf|[0-9])$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .toSorted();
}

/** Every message of a script. */
export function messagesOf(file: string): Message[] {
  const source = readFileSync(join(ROOT, file), 'utf8').replace(/^\s*#.*$/gm, '');
  return Object.entries(SAYERS).flatMap(([names, before]) => {
    const calls = source.matchAll(new RegExp(`(?<=^|[\\s;&|({!)])(${names}) ${before}(?=["'])`, 'gm'));
    return [...calls].map(({ 0: found, 1: by = '', index }) => {
      const words = wordsAt(source, index + found.length);
      return { file, by, text: words.join(by === 'unready' ? ': ' : ' ').replace(/: $/, '') };
    });
  });
}

/** The words of a simple command, up to its end. */
function wordsAt(source: string, start: number): string[] {
  const words: string[] = [];
  let at = start;
  for (;;) {
    while (/[ \t]/.test(source[at] ?? '') || source.startsWith('\\\n', at)) at += source[at] === '\\' ? 2 : 1;
    if (at >= source.length || /[\n;|&)}>]/.test(source[at]!)) return words;
    const word = wordAt(source, at);
    words.push(word.text);
    at = word.end;
  }
}

function wordAt(source: string, start: number): { text: string; end: number } {
  let text = '';
  let quoted = false;
  let at = start;
  while (at < source.length) {
    const character = source[at]!;
    if (!quoted && /[\s;|&)}>]/.test(character)) break;
    if (character === '"') {
      quoted = !quoted;
      at += 1;
    } else if (character === "'" && !quoted) {
      const end = source.indexOf("'", at + 1);
      text += source.slice(at + 1, end);
      at = end + 1;
    } else if (character === '\\') {
      text += source.slice(at + 1, at + 2).replace('\n', '');
      at += 2;
    } else if (character === '$') {
      text += VARIABLE;
      at = endOfExpansion(source, at);
    } else {
      text += character;
      at += 1;
    }
  }
  return { text, end: at };
}

/** The end of `$NAME`, `${...}` or `$(...)`; what stands in quotes inside may hold brackets of its own. */
function endOfExpansion(source: string, start: number): number {
  const open = source[start + 1]!;
  if (open !== '{' && open !== '(') {
    return start + /^\$([A-Za-z_]\w*|.)/.exec(source.slice(start))![0].length;
  }
  const close = open === '{' ? '}' : ')';
  let depth = 0;
  for (let at = start + 1; at < source.length; at += 1) {
    if (source[at] === "'" && open === '(') at = source.indexOf("'", at + 1);
    else if (source[at] === '\\') at += 1;
    else if (source[at] === open) depth += 1;
    else if (source[at] === close && (depth -= 1) === 0) return at + 1;
  }
  throw new Error(`no end of ${source.slice(start, start + 40)}`);
}

/**
 * Whether a program that says `message` can have said `quote`. Words in capitals stand for what differs, ` ...` at the
 * end for the rest of the line. At least half of the quote must be fixed words of the program's.
 */
export function fits(quote: string, message: string): boolean {
  const cut = quote.endsWith(' ...');
  const said = cut ? quote.slice(0, -4) : quote;
  // How far the message may have been followed, and how many of its own characters that took.
  let states = closed(new Map([[0, 0]]), message);
  for (const character of said) {
    const next = new Map<number, number>();
    for (const [at, fixed] of states) {
      if (message[at] === VARIABLE) keep(next, at, fixed);
      else if (message[at] === character) keep(next, at + 1, fixed + 1);
    }
    if (next.size === 0) return false;
    states = closed(next, message);
  }
  const ends = [...states].filter(([at]) => cut || at === message.length);
  return ends.some(([, fixed]) => fixed * 2 >= said.length);
}

function keep(states: Map<number, number>, at: number, fixed: number): void {
  if ((states.get(at) ?? -1) < fixed) states.set(at, fixed);
}

/** A variable part may be empty. */
function closed(states: Map<number, number>, message: string): Map<number, number> {
  const all = new Map(states);
  // A map also hands out what is added while it is walked through.
  for (const [at, fixed] of all) if (message[at] === VARIABLE) keep(all, at + 1, fixed);
  return all;
}
