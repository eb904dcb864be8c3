/*
 * mdoc(7), the language of FreeBSD's manual pages. Everything here returns lines of a page; text and arguments are
 * escaped, so that every formatter shows them as they were given.
 */

/** The longest line that mandoc -T lint -W style lets pass. */
const WIDTH = 80;

/** These would mean something, or become typographic characters that cannot be pasted into a shell or a file. */
const GLYPHS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

function glyphs(text: string): string {
  return text.replace(/[\\'`^~-]|[^\n -~]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return GLYPHS[character] ?? `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}

/** A line of text must not look like a macro. */
function guarded(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line;
}

/** As an argument, one of these alone is punctuation, and a word like these may be called as a macro. */
const SPECIAL = /^([.,:;()[\]?!|]|[A-Z%][A-Za-z0-9]{1,2}|)$/;

/** One argument of a macro, whatever is in it. */
export function argument(text: string): string {
  const escaped = glyphs(text).replaceAll('"', '\\(dq');
  const word = SPECIAL.test(text) ? `\\&${escaped}` : escaped;
  return word.includes(' ') ? `"${word}"` : word;
}

/**
 * Text as lines. Each sentence starts a line of its own, as mdoc asks for. `code` in backticks becomes a literal, cu(1) a
 * reference, and FreeBSD its macro.
 */
export function paragraph(text: string): string[] {
  return sentencesOf(text).flatMap(sentence);
}

function sentencesOf(text: string): string[] {
  return text.trim().split(/(?<=[^\s.][.?!]) +(?=[A-Z"`])/);
}

function sentence(text: string): string[] {
  const lines: string[] = [];
  let open = '';
  const close = () => {
    if (open !== '') lines.push(guarded(open));
    open = '';
  };
  // A word may have spaces inside backticks.
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const line = macroFor(word);
    const shown = glyphs(word);
    if (line !== undefined || open.length + 1 + shown.length > WIDTH - 2) close();
    if (line !== undefined) lines.push(line);
    else open = open === '' ? shown : `${open} ${shown}`;
  }
  close();
  return lines;
}

/** The macro line for a word that has one, with the punctuation around it. */
function macroFor(word: string): string | undefined {
  if (!/`|FreeBSD|\([1-9]\)/.test(word)) return undefined;
  const [, before = '', core, code, page, section = '', closing = ''] =
    /^(\W*?)(`([^`]+)`|([a-z][a-z0-9_-]*)\(([1-9])\)|FreeBSD)([.,:;)\]?!]*)$/.exec(word) ?? [];
  if (core === undefined) return undefined;
  const start = before === '' ? [] : ['Pf', argument(before)];
  return `.${[...start, ...callOf(code, page, section), ...Array.from(closing)].join(' ')}`;
}

function callOf(code: string | undefined, page: string | undefined, section: string): string[] {
  if (code !== undefined) return ['Ql', argument(code)];
  return page === undefined ? ['Fx'] : ['Xr', argument(page), section];
}

/** Lines that stay as they are. */
export function display(text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  return ['.Bd -literal -offset indent', ...lines.map((line) => guarded(glyphs(line))), '.Ed'];
}

/** Things under their names. Each tag is a whole `.It` line. */
export function taggedList(items: readonly { tag: string; lines: readonly string[] }[]): string[] {
  return ['.Bl -tag -width Ds', ...items.flatMap(({ tag, lines }) => [tag, ...lines]), '.El'];
}

export function bulletList(items: readonly (readonly string[])[]): string[] {
  return ['.Bl -bullet -compact', ...items.flatMap((lines) => ['.It', ...lines]), '.El'];
}
