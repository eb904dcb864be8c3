import { AirhiveError } from '../errors.ts';

/**
 * How a value is written into a file of some kind:
 * - `shell`  as one complete single-quoted word, for files that a shell reads;
 * - `wpa`    inside the double quotes of a wpa_supplicant string, which knows no escapes;
 * - `plain`  as it is, for every other file; whatever could start a second line, end a quoted
 *            value or expand in rc.conf and loader.conf is refused.
 * HTML escaping, the template engine's own habit, is never right here.
 */
export type FileKind = 'shell' | 'wpa' | 'plain';

/** The files of settings that the scripts of each machine source. */
const SETTINGS: ReadonlySet<string> = new Set(['vm.conf', 'etc/airhive/airhive.conf']);

/** The kind of a file, by its path in the machine's tree (without `.mustache`). */
export function kindOf(path: string): FileKind {
  if (/(^|\/)wpa_supplicant[^/]*\.conf$/.test(path)) return 'wpa';
  if (SETTINGS.has(path) || path.startsWith('etc/conf.d/')) return 'shell';
  return 'plain';
}

/** Writes `value` for a file of `kind`; throws AirhiveError (usage) for what that kind cannot hold. */
export function escapeFor(kind: FileKind, value: string): string {
  return ESCAPES[kind](value);
}

const ESCAPES: Readonly<Record<FileKind, (value: string) => string>> = {
  shell: (value) => {
    refuse(value, /\0/, 'a NUL byte', 'a shell word');
    return `'${value.replaceAll("'", `'\\''`)}'`;
  },
  wpa: (value) => {
    refuse(value, CONTROL, 'a control character', 'a wpa_supplicant setting');
    refuse(value, /"/, 'a double quote', 'a wpa_supplicant setting');
    return value;
  },
  plain: (value) => {
    refuse(value, CONTROL, 'a control character', 'a line of a configuration file');
    refuse(value, /["'`$\\]/, 'a quote, a backslash or a dollar sign', 'a configuration file');
    return value;
  },
};

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

function refuse(value: string, pattern: RegExp, what: string, where: string): void {
  if (pattern.test(value)) {
    throw new AirhiveError('usage', `${JSON.stringify(value)} has ${what}, which ${where} cannot hold`, {
      hint: 'change that value of the profile',
    });
  }
}
