import Mustache from 'mustache';
import { AirhiveError } from '../errors.ts';
import { escapeFor, kindOf } from './escape.ts';

/** The values a template may name. Null, false and empty lists make a section absent. */
export interface View {
  readonly [name: string]: ViewValue;
}
type ViewValue = string | number | boolean | null | View | readonly (string | number | View)[];

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
    const view: unknown = this.view;
    if (name === '.') return view;
    // The engine writes null as nothing; false is refused by textOf and absent as a section all the same.
    if (isView(view) && Object.hasOwn(view, name)) return view[name] ?? false;
    if (this.parent) return this.parent.lookup(name);
    throw new Error(`"${name}" is not a name it may use`);
  }
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
