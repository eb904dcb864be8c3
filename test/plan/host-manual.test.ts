import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../generators/errors.ts';
import { COMMANDS } from '../../tools/manual/completion.ts';
import { displays, partsAt, section } from '../fixtures/mdoc.ts';
import { hostTree, textAt } from '../fixtures/machines.ts';
import { variant } from '../fixtures/profiles.ts';

const tree = hostTree(variant());
const page = textAt(tree, 'man/airhive.8');
const description = section(page, 'DESCRIPTION');
const commands = tree.map(({ path }) => path).filter((path) => /^(vm_|airhivectl$)/.test(path));

/** What the script itself says when it is used wrongly. */
function usageOf(command: string): string {
  const [usage] = /usage:[^"']*/.exec(textAt(tree, command)) ?? [];
  if (usage === undefined) throw new Error(`${command} says no usage`);
  return usage;
}

const unique = (words: Iterable<string>) => [...new Set(words)].toSorted();

/** The verbs of a usage, whether each has its line or all of them share one. */
function verbsIn(usage: string, command: string): string[] {
  const found = [...usage.matchAll(new RegExp(`\\b${command} +([a-z]+(?: *\\| *[a-z]+)*)`, 'g'))];
  return unique(found.flatMap(([, words = '']) => words.split(/ *\| */)));
}

const optionsIn = (usage: string) =>
  unique(usage.match(/--[a-z][a-z-]*/g) ?? []).filter((option) => option !== '--help');

function partOf(command: string): readonly string[] {
  const part = partsAt(description, 'Ss').find(({ head }) => head === command);
  if (!part) throw new Error(`the page says nothing about ${command}`);
  return part.lines;
}

const tagsOf = (lines: readonly string[], macro: string) =>
  unique(
    partsAt(lines, 'It').flatMap(({ head }) => new RegExp(`^${macro} (-?[a-z_-]+)`).exec(head)?.[1] ?? []),
  );

/** The usages of the page's SYNOPSIS, in the words of a script. */
const synopsis = section(page, 'SYNOPSIS')
  .map((line) => line.replace(/^\.(Nm|Cm|Op|Ar) /, '').replaceAll('Fl ', '-'))
  .join(' ')
  .replaceAll(/ (?=vm_|airhivectl |service )/g, '\n')
  .split('\n');

describe('airhive(8)', () => {
  it('has every command of the bundle, and no other', () => {
    expect(commands.length).toBeGreaterThan(3);
    expect(
      partsAt(description, 'Ss')
        .map(({ head }) => head)
        .toSorted(),
    ).toEqual(['service airhive', ...commands].toSorted());
    expect(unique(synopsis.map((usage) => usage.split(' ')[0]!))).toEqual(
      ['service', ...commands].toSorted(),
    );
  });

  it('has the commands of airhivectl, all of them, as its help and its completions do', () => {
    const usage = usageOf('airhivectl');
    const helped = [...usage.matchAll(/^ {2}([a-z]+(?:, [a-z]+)*)(?: [^ ].*?)?(?: {2,}|$)/gm)];
    const words = unique(helped.flatMap(([, names = '']) => names.split(', ')));
    expect(tagsOf(partOf('airhivectl'), 'Cm')).toEqual(words);
    expect(unique(COMMANDS.map(({ name }) => name))).toEqual(words);
    const [, cases = ''] = /case \$verb in\n([^]*?)esac/.exec(textAt(tree, 'airhivectl')) ?? [];
    const known = [...cases.matchAll(/^ {4}([a-z]+(?: \| [a-z]+)*)\)/gm)];
    expect(unique(['help', ...known.flatMap(([, names = '']) => names.split(' | '))])).toEqual(words);
  });

  it.each(commands.filter((command) => command !== 'airhivectl'))(
    'has the verbs and the options that %s has',
    (command) => {
      const usage = usageOf(command);
      const lines = partOf(command);
      expect(tagsOf(lines, 'Cm')).toEqual(verbsIn(usage, command));
      expect(tagsOf(lines, 'Fl').map((name) => `-${name}`)).toEqual(optionsIn(usage));
      const own = synopsis.filter((line) => line.split(' ')[0] === command).join('\n');
      expect(verbsIn(own, command)).toEqual(verbsIn(usage, command));
      expect(optionsIn(own)).toEqual(optionsIn(usage));
    },
  );

  it('has the commands and the settings of the service', () => {
    const script = textAt(tree, 'rc.d/airhive');
    const [, extra = ''] = /^extra_commands="(.*)"$/m.exec(script) ?? [];
    const lines = partOf('service airhive');
    expect(tagsOf(lines, 'Cm')).toEqual(unique(['start', 'stop', 'restart', ...extra.split(' ')]));
    const settings = [...script.matchAll(/^: "\$\{(airhive_[a-z_]+):=/gm)].map(([, name = '']) => name);
    expect(settings.length).toBeGreaterThan(2);
    expect(tagsOf(lines, 'Va')).toEqual(unique(settings));
  });

  it('has the states that vm_status knows, with their exit status', () => {
    const known = [...usageOf('vm_status').matchAll(/^ {2}([a-z-]+) +(\d) {3}/gm)].map(
      ([, state, code]) => `${state} ${code}`,
    );
    const items = partsAt(partOf('vm_status'), 'It').filter(({ head }) => /^[a-z]/.test(head));
    const said = items.map(({ head, lines }) => `${head} ${/\((\d)\)\.$/.exec(lines[0]!)?.[1]}`);
    expect(known.length).toBeGreaterThan(4);
    expect(said.toSorted()).toEqual(known.toSorted());
  });

  it('has the fields of vm_status --json', () => {
    const printed = [...textAt(tree, 'vm_status').matchAll(/"(?:text|json|list) ([a-z_]+) /g)];
    const items = partsAt(partOf('vm_status'), 'It').filter(({ head }) => head.startsWith('Va '));
    const said = items.flatMap(({ head }) => head.slice('Va '.length).split(' , '));
    expect(printed.length).toBeGreaterThan(20);
    expect(said.toSorted()).toEqual(unique(printed.map(([, name = '']) => name)));
  });

  it('has the exit codes of all airhive', () => {
    const codes = partsAt(section(page, 'EXIT STATUS'), 'It').map(({ head }) => Number(head));
    expect(codes).toEqual([0, ...Object.values(EXIT_CODES)].toSorted((a, b) => a - b));
  });

  it('has examples of commands that there are', () => {
    const lines = displays(section(page, 'EXAMPLES'))
      .join('')
      .split('\n')
      .filter((line) => /vm_|airhive/.test(line));
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      const [, command = '', verb = ''] =
        /^(?:\.\/|HOSTDIR\/current\/)?(vm_[a-z]+|service airhive)(?: ([a-z]+))?/.exec(line) ?? [];
      expect(tagsOf(partOf(command), 'Cm')).toEqual(verb === '' ? [] : expect.arrayContaining([verb]));
    }
  });
});
