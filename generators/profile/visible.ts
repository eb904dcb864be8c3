// Controls (C0, DEL, C1), zero-width and direction-changing characters, line separators, the byte order mark and
// lone surrogates: all that could move a terminal's cursor, reorder a line or hide in it.
const UNSAFE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** Text from a file made safe to print: what a terminal would act on is written as an escape. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\t') return '\\t';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** The same for what may have several lines. */
export function visibleLines(text: string): string {
  return text.replace(UNSAFE, (character) => (/[\n\t]/.test(character) ? character : visible(character)));
}

/** The same for a JSON document, whose strings may hold what JSON itself leaves as it is. */
export function visibleJson(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** At most `limit` characters, the last one an ellipsis when something was cut. Never splits a surrogate pair. */
function crop(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`;
}

const SHOWN = 60;

/** A value as it was read, for a message. `source` is its text in the file when it is a number or a truth value. */
export function describe(value: unknown, source?: string): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return visible(crop(JSON.stringify(value), SHOWN));
  if (typeof value === 'number') return `the number ${visible(crop(source ?? String(value), SHOWN))}`;
  if (typeof value === 'boolean') return visible(source ?? String(value));
  return Array.isArray(value) ? 'a list' : 'a group of keys';
}
