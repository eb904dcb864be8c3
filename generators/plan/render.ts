import Mustache from 'mustache';
import { AirhiveError } from '../errors.ts';
import { fileOf, type File } from '../formats/tree.ts';

/* Overlay sources become the files of a machine: templates are filled, each value escaped for its file. */

/** One file of an overlay as it lies in the repository, `.mustache` still in its name. */
export type OverlaySource = Pick<File, 'path' | 'bytes'>;

/** Where each machine has the files of overlays/shared. */
const SHARED_IN = { guest: 'usr/libexec/airhive', host: 'lib' } as const;

/** The overlay of one machine, and what both machines have, in its place there. */
export function withShared(
  machine: keyof typeof SHARED_IN,
  own: readonly OverlaySource[],
  shared: readonly OverlaySource[],
): OverlaySource[] {
  return [...own, ...shared.map(({ path, bytes }) => ({ path: `${SHARED_IN[machine]}/${path}`, bytes }))];
}

const TEMPLATE = '.mustache';

/**
 * Turns overlay sources into the files of a machine: templates are rendered, everything else is taken as it is.
 * Whatever starts with `#!` is executable (0755), the rest 0644: modes on the builder's disk depend on its umask.
 */
export function planOverlay(sources: readonly OverlaySource[], view: View): File[] {
  return sources.map(({ path, bytes }) => {
    const target = path.endsWith(TEMPLATE) ? path.slice(0, -TEMPLATE.length) : path;
    const content =
      target === path
        ? bytes
        : Buffer.from(renderTemplate(target, Buffer.from(bytes).toString('utf8'), view));
    return fileOf(target, content, isScript(content) ? 0o755 : 0o644);
  });
}

function isScript(bytes: Uint8Array): boolean {
  return bytes[0] === 0x23 && bytes[1] === 0x21;
}

/**
 * The values a template may name, those of a group as `group.name`. Null, false and empty lists make a section absent.
 */
export interface View {
  readonly [name: string]: ViewValue;
}
type ViewValue = string | number | boolean | null | undefined | View | readonly (string | number | View)[];

/**
 * Fills a template for the file at `path`. The engine itself would write nothing for a missing name and HTML for
 * everything else (docs/notes/reproducible.md), so a name that the view lacks, an unescaped `{{{x}}}` or `{{&x}}` and any
 * partial are errors, and values are escaped for the kind of file.
 * @throws AirhiveError usage, naming the template
 */
export function renderTemplate(path: string, template: string, view: View): string {
  const kind = kindOf(path);
  const context = new StrictContext(view);
  const escape = (value: unknown) => escapeFor(kind, textOf(value));
  try {
    return blocksOf(template)
      .map(({ text, hasTags }) => (hasTags ? renderBlock(text, context, escape) : text))
      .join('');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AirhiveError('usage', `template ${path}: ${reason}`, { cause: error });
  }
}

function renderBlock(text: string, context: StrictContext, escape: (value: unknown) => string): string {
  refuseForbiddenTags(Mustache.parse(text));
  return Mustache.render(text, context, undefined, { escape });
}

interface Block {
  text: string;
  hasTags: boolean;
}

/**
 * Cuts a template into runs of lines with tags, where a section is never cut, and runs of lines without: most have
 * none, and the engine's parser would take longer over their characters than the rest of a build takes altogether.
 */
function blocksOf(template: string): Block[] {
  const blocks: Block[] = [];
  let depth = 0;
  for (const line of template.split(/(?<=\n)/)) {
    const hasTags = depth > 0 || line.includes('{{');
    for (const [tag] of line.matchAll(/\{\{[#^/]/g)) depth += tag === '{{/' ? -1 : 1;
    const last = blocks.at(-1);
    if (last?.hasTags === hasTags) last.text += line;
    else blocks.push({ text: line, hasTags });
  }
  return blocks;
}

/**
 * A context in which only the view's own names are found. The engine's look-up would also find `toString`, which every
 * object has, and call it.
 */
class StrictContext extends Mustache.Context {
  override push(view: unknown): StrictContext {
    return new StrictContext(view, this);
  }

  override lookup(name: string): unknown {
    if (name === '.') return this.view as unknown;
    const [first = '', ...rest] = name.split('.');
    const found = rest.reduce<unknown>(memberOf, memberAround(this, first));
    if (found === undefined) throw new Error(`"${name}" is not a name it may use`);
    // The engine writes null as nothing; false is refused by textOf and absent as a section all the same.
    return found ?? false;
  }
}

/** The innermost view that has the name decides. */
function memberAround({ view, parent }: Mustache.Context, name: string): unknown {
  const found = memberOf(view, name);
  return found === undefined && parent ? memberAround(parent, name) : found;
}

function memberOf(value: unknown, name: string): unknown {
  return isView(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isView(value: unknown): value is View {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const what = typeof value === 'object' ? 'a list or a group' : 'true, false or nothing';
  throw new Error(`${what} cannot be written as text`);
}

/** Walks the parsed tokens: [type, name, start, end, children?]. */
function refuseForbiddenTags(tokens: readonly unknown[]): void {
  for (const token of tokens as readonly [string, string, number, number, unknown?][]) {
    const [type, name, , , children] = token;
    if (type === '&') throw new Error(`"${name}" is asked for without escaping`);
    // Lines without tags are never shown to the engine, so new ones would be taken for text.
    if (type === '=') throw new Error(`other delimiters are asked for; they are always {{ and }}`);
    if (type === '>') throw new Error(`partial "${name}" is asked for; there are none`);
    if (Array.isArray(children)) refuseForbiddenTags(children);
  }
}

/**
 * How a value is written into a file of some kind:
 * - `shell`  as one complete single-quoted word, for files that a shell reads;
 * - `wpa`    inside the double quotes of a wpa_supplicant string, which knows no escapes;
 * - `html`   as text or within the double quotes of an attribute;
 * - `plain`  as it is, for every other file; whatever could start a second line, end a quoted
 *            value or expand in rc.conf and loader.conf is refused.
 * HTML escaping, the template engine's own habit, is right in a page and nowhere else.
 */
export type FileKind = 'shell' | 'wpa' | 'html' | 'plain';

/** The files of settings that the scripts of each machine source. */
const SETTINGS: ReadonlySet<string> = new Set([
  'vm.conf',
  'etc/airhive/airhive.conf',
  'etc/airhive/access-point.conf',
]);

/** The kind of a file, by its path in the machine's tree (without `.mustache`). */
export function kindOf(path: string): FileKind {
  if (/(^|\/)wpa_supplicant[^/]*\.conf$/.test(path)) return 'wpa';
  if (path.endsWith('.html')) return 'html';
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
  html: (value) => {
    // A new line is a space there, and a line of its own in <pre>.
    refuse(value.replace(/[\n\t]/g, ''), CONTROL, 'a control character', 'a page');
    return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
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
