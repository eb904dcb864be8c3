/** Longest name of one file or folder, in UTF-16 code units. */
const LONGEST_NAME = 255;
/** Longest path that FreeBSD opens: PATH_MAX of 1024 with its closing zero. It also bounds the depth. */
export const LONGEST_PATH = 1023;

// eslint-disable-next-line no-control-regex -- FAT forbids control characters
const FORBIDDEN = /[\u0000-\u001f"*/:<>?\\|\u007f]/;
/** U+FFFF fills the unused rest of a long name, half of a surrogate pair is no character. */
const NOT_TEXT = /[\p{Surrogate}\uffff]/u;

/** Why FAT cannot hold this name of a file or folder, or undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > LONGEST_NAME) {
    return `it has ${name.length} characters, at most ${LONGEST_NAME} are allowed`;
  }
  if (/[. ]$/.test(name)) return 'it ends in a dot or a blank';
  if (FORBIDDEN.test(name)) return 'it holds a control character or one of " * / : < > ? \\ |';
  if (NOT_TEXT.test(name)) return 'it holds something that is no character';
  return undefined;
}

/**
 * Names that fold to the same text are the same name on FAT, which ignores case. There and back again joins the
 * characters that share one of the two cases only (K and the Kelvin sign).
 */
export function foldCase(name: string): string {
  return name.toLowerCase().toUpperCase();
}

const SHORT_CHARACTERS = "A-Z0-9$%'\\-_@~`!(){}^#&";
const SHORT_NAME = new RegExp(`^([${SHORT_CHARACTERS}]{1,8})(?:\\.([${SHORT_CHARACTERS}]{1,3}))?$`);
const NOT_SHORT = new RegExp(`[^${SHORT_CHARACTERS}]`, 'g');
const LABEL = new RegExp(`^[${SHORT_CHARACTERS}]([${SHORT_CHARACTERS} ]{0,9}[${SHORT_CHARACTERS}])?$`);

/** True when the name needs no long form: upper-case letters, digits and some marks, at most 8 and 3 of them. */
export function isShortName(name: string): boolean {
  return SHORT_NAME.test(name);
}

/** Why this cannot be a volume's label, or undefined. `NO NAME` is what readers show for a volume without one. */
export function labelProblem(label: string): string | undefined {
  if (label === 'NO NAME') return 'it means "no label"';
  if (!LABEL.test(label)) {
    return "it must be 1 to 11 characters of A-Z 0-9 $ % ' - _ @ ~ ` ! ( ) { } ^ # & and, between others, blanks";
  }
  return undefined;
}

/**
 * The short names of all entries of one folder, 11 bytes each as stored: `AIRHIV~1GZ `. A name that is short but
 * for its case keeps its letters; the others get a number, counted in the order given.
 * @param names no two alike but for case
 */
export function shortNames(names: readonly string[]): Map<string, string> {
  const aliases = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of names) {
    const match = SHORT_NAME.exec(upperAscii(name));
    if (!match) continue;
    const alias = pad(match[1] ?? '', match[2] ?? '');
    taken.add(alias);
    aliases.set(name, alias);
  }
  const counters = new Map<string, number>();
  for (const name of names) {
    if (!aliases.has(name)) aliases.set(name, numberedAlias(name, taken, counters));
  }
  return aliases;
}

/** Stem and extension of "Microsoft Extensible Firmware Initiative FAT32 File System Specification" 1.03, 3.2.4. */
function numberedAlias(name: string, taken: Set<string>, counters: Map<string, number>): string {
  const plain = upperAscii(name).replaceAll(' ', '').replace(/^\.+/, '');
  const dot = plain.lastIndexOf('.');
  const stem = replaceForeign((dot < 0 ? plain : plain.slice(0, dot)).replaceAll('.', ''));
  const extension = dot < 0 ? '' : replaceForeign(plain.slice(dot + 1)).slice(0, 3);
  const family = pad(stem.slice(0, 6), extension);
  for (let number = (counters.get(family) ?? 0) + 1; ; number++) {
    const tail = `~${number}`;
    const alias = pad(stem.slice(0, 8 - tail.length) + tail, extension);
    if (taken.has(alias)) continue;
    taken.add(alias);
    counters.set(family, number);
    return alias;
  }
}

function replaceForeign(text: string): string {
  return text.replace(NOT_SHORT, '_');
}

/** Only a-z: the tables of other letters differ between versions of Unicode, and must not reach the bytes. */
function upperAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

function pad(stem: string, extension: string): string {
  return stem.padEnd(8) + extension.padEnd(3);
}
