import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  Scalar,
  type CST,
  type ParsedNode,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Diagnostic } from '../errors.ts';
import { describe } from './diagnostics.ts';

/*
 * YAML text as values, the place of each of them, and problems by their places. What a document may say is told by
 * schema.ts, releases.ts and secrets.ts.
 */

/** A text file by the name that messages use. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Where a value sits in a document: keys of groups and indices of lists, from the top. */
export type Path = readonly (string | number)[];

const PLAIN = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `passthrough[0].pci`; a key that is not a plain word is quoted, so that a dot in it cannot mislead. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!PLAIN.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The value that a path leads to, or undefined. Own properties only: `constructor` is a key like any other. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((current, step) => {
    if (typeof current !== 'object' || current === null) return undefined;
    return Object.getOwnPropertyDescriptor(current, step)?.value as unknown;
  }, value);
}

/** Something wrong in a document, by its path; toDiagnostics finds the line and the column. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly kind: 'usage' | 'unsupported';
  readonly path: Path;
  readonly message: string;
  /** Points at the key instead of the value, for keys that should not be there. */
  readonly at?: 'key';
  /** Set when the place is known by itself, as for YAML that cannot be read. */
  readonly offset?: number;
}

export function error(path: Path, message: string): Problem {
  return { severity: 'error', kind: 'usage', path, message };
}

/** A request that is well formed but outside of what airhive can do: exit 3. */
export function unsupported(path: Path, message: string): Problem {
  return { severity: 'error', kind: 'unsupported', path, message };
}

export function warning(path: Path, message: string): Problem {
  return { severity: 'warning', kind: 'usage', path, message };
}

/** Where one value stands in the text, as offsets from its start. */
interface Place {
  /** Start of the key; undefined for list items and the top. */
  readonly key: number | undefined;
  readonly value: number;
  /** The text of a scalar before YAML made a number or a truth value of it. */
  readonly written: string | undefined;
  /** Where a value without quotes ends. */
  readonly plainEnd: number | undefined;
}

/** The places of all values of a document, by path. */
export class Places {
  readonly #byPath = new Map<string, Place>();

  set(path: Path, place: Place): void {
    this.#byPath.set(JSON.stringify(path), place);
  }

  get(path: Path): Place | undefined {
    return this.#byPath.get(JSON.stringify(path));
  }

  /**
   * Offset for a problem with the value at `path`. For a value that is not in the file (left out, or a default) that
   * of the innermost group around it which is: its key, or its first character in a list.
   */
  offsetOf(path: Path, at: 'key' | 'value'): number {
    const own = this.get(path);
    if (own) return at === 'key' ? (own.key ?? own.value) : own.value;
    for (let length = path.length - 1; length >= 0; length--) {
      const around = this.get(path.slice(0, length));
      if (around) return around.key ?? around.value;
    }
    return 0;
  }
}

/** YAML text with its value and the places of everything in it. */
export interface YamlDocument {
  readonly source: Source;
  /** Undefined when the text is no usable YAML. */
  readonly value: unknown;
  readonly places: Places;
  readonly lines: LineCounter;
  /** Found while reading. */
  readonly problems: readonly Problem[];
}

/** Bytes. The table of cards has 50,000, a profile under 3,000. */
const SIZE_LIMIT = 64 * 1024;

/** Groups and lists inside each other. Profiles need 4. */
const DEPTH_LIMIT = 32;

/** One broken quote makes every later line an error of its own; more of them do not help. */
const SYNTAX_ERRORS_SHOWN = 10;

/** Stands for a value that was refused while reading, so that no schema takes it for a missing one. */
const REFUSED = Symbol('refused');

/**
 * Reads YAML 1.2 text. Never throws: whatever is wrong is in `problems`, and `value` is undefined when the text as a
 * whole cannot be used. Aliases, tags, directives and keys that are not words are refused, because each of them can
 * make a file mean something else than it seems to. So are repeated keys.
 */
export function parseYaml(source: Source): YamlDocument {
  const text = source.text.replace(/^\ufeff/, '');
  const document = { source: { ...source, text }, places: new Places(), lines: countLines(text) };
  const failed = (...problems: Problem[]): YamlDocument => ({ ...document, value: undefined, problems });

  if (Buffer.byteLength(text) > SIZE_LIMIT) return failed(error([], TOO_LARGE));
  const tokens = tokensOf(text);
  if (!Array.isArray(tokens)) return failed(tokens);

  const composer = new Composer({
    version: '1.2',
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  // At least one document comes out, even of an empty text.
  const [parsed, second] = Array.from(composer.compose(tokens, true, text.length));
  if (!parsed) return failed(error([], EMPTY));
  if (parsed.errors.length > 0)
    return failed(...parsed.errors.slice(0, SYNTAX_ERRORS_SHOWN).map(syntaxProblem));
  if (second) return failed({ ...error([], SECOND_DOCUMENT), offset: second.range[0] });
  if (parsed.directives.yaml.explicit === true && parsed.directives.yaml.version !== '1.2') {
    return failed({ ...error([], 'only YAML 1.2 is read; remove the %YAML line'), offset: 0 });
  }
  if (!parsed.contents || (isScalar(parsed.contents) && parsed.contents.source === '')) {
    return failed(error([], EMPTY));
  }
  const reader = new Reader(document.places);
  const value = reader.read(parsed.contents, [], undefined);
  return { ...document, value, problems: reader.problems };
}

const EMPTY = 'the file is empty';
const TOO_LARGE = `the file is larger than ${SIZE_LIMIT / 1024} KiB; a profile has a few dozen lines, so this is some other file`;
const SECOND_DOCUMENT = 'a second document starts here; keep one and remove the `---` line';

/** The starts of all lines. Not left to the parser, which stops counting where it gives up. */
function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  for (let start = 0; start >= 0; start = text.indexOf('\n', start) + 1 || -1) lines.addNewLine(start);
  return lines;
}

/**
 * The tokens of a text, or what is wrong with it. Deep nesting is refused here, before the composer sees it: that one
 * recurses, and at the end of the stack V8 does not throw but aborts the process (its regular expression compiler runs
 * out of memory). The lexer and the parser do not recurse.
 */
function tokensOf(text: string): CST.Token[] | Problem {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEPTH_LIMIT) {
      return { ...error([], `more than ${DEPTH_LIMIT} groups and lists inside each other`), offset };
    }
  }
  return [...tokens, ...parser.end()];
}

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab is not allowed here; indent with spaces',
  BLOCK_AS_IMPLICIT_KEY: 'a second `key:` on one line; start a new line, or put the value in quotes',
};

function syntaxProblem({ code, message, pos }: YAMLError): Problem {
  return { ...error([], SYNTAX_HINTS[code] ?? `not valid YAML: ${message}`), offset: pos[0] };
}

/** Turns the tree of nodes into plain values and notes where each one stands. */
class Reader {
  readonly problems: Problem[] = [];
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  read(node: ParsedNode | null, path: Path, key: number | undefined): unknown {
    const start = node?.range[0] ?? key ?? 0;
    const written = isScalar(node) ? node.source : undefined;
    const plainEnd = isScalar(node) && node.type === Scalar.PLAIN ? node.range[1] : undefined;
    this.#places.set(path, { key, value: start, written, plainEnd });
    if (!node) return null;
    if (isAlias(node)) return this.#refuse(path, 'an alias (*name) is not allowed; write the value itself');
    if (node.tag !== undefined)
      return this.#refuse(path, `the tag ${describe(node.tag)} is not allowed; remove it`);
    if (isSeq<ParsedNode>(node))
      return node.items.map((item, index) => this.read(item, [...path, index], undefined));
    return isMap<ParsedNode, ParsedNode | null>(node) ? this.#readGroup(node, path) : node.value;
  }

  #readGroup(node: YAMLMap<ParsedNode, ParsedNode | null>, path: Path): unknown {
    const group: Record<string, unknown> = {};
    for (const { key, value } of node.items) {
      const offset = key.range[0];
      if (!isScalar(key) || key.tag !== undefined || typeof key.value !== 'string') {
        this.problems.push({ ...error(path, 'a key has to be a plain word'), offset });
      } else if (Object.hasOwn(group, key.value)) {
        this.problems.push({
          ...error([...path, key.value], 'the same key again; keep one of the two'),
          offset,
        });
      } else {
        // Assignment would run the setter of `__proto__`.
        const read = this.read(value, [...path, key.value], offset);
        Object.defineProperty(group, key.value, { value: read, enumerable: true });
      }
    }
    return group;
  }

  #refuse(path: Path, message: string): symbol {
    this.problems.push(error(path, message));
    return REFUSED;
  }
}

/** Whether a value was already reported while reading. */
export function wasRefused(value: unknown): boolean {
  return value === REFUSED;
}

/** The problems at their places, in the order of the file. */
export function toDiagnostics(document: YamlDocument, problems: readonly Problem[]): Diagnostic[] {
  return problems
    .map((problem) => toDiagnostic(document, problem))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function toDiagnostic({ source, places, lines }: YamlDocument, problem: Problem): Diagnostic {
  const offset = problem.offset ?? places.offsetOf(problem.path, problem.at ?? 'value');
  const { line, col: column } = lines.linePos(offset);
  const { severity, kind, message } = problem;
  return {
    severity,
    kind,
    file: source.file,
    line,
    column,
    path: formatPath(problem.path),
    message,
    excerpt: excerptOf(source.text, offset - column + 1),
  };
}

/**
 * The end of a name that carries a secret, its colon or equals sign, and all that follows on the line. What stands before
 * is left out: with it a line of 64 KiB would take seconds.
 */
const SECRET = /((?:psk|pass_?(?:word|phrase|wd)|secret|wep_key)[A-Za-z0-9_-]*["']?\s*[:=])\s*\S.*$/i;

/**
 * The line that starts at offset `start`, as the user wrote it. A passphrase that was put where none belongs is not repeated:
 * diagnostics end up in logs and bug reports.
 */
export function excerptOf(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  const written = text.slice(start, end < 0 ? undefined : end);
  return written.replace(/\r$/, '').replace(SECRET, '$1 (hidden)');
}
