import { parse } from 'yaml';
import type * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { profileJsonSchema } from '../../generators/profile/schema.ts';
import { profilePage } from '../../tools/manual/profile-page.ts';
import { resolveProfile } from '../../generators/profile/resolve.ts';
import { tableOf } from '../../generators/profile/cards.ts';
import { RULES } from '../../generators/profile/rules.ts';
import { displays, lint, partsAt, section, unescaped, words } from '../fixtures/mdoc.ts';
import { textAt, hostTree } from '../fixtures/machines.ts';
import { readPins, variant } from '../fixtures/profiles.ts';
import { readShipped } from '../profile/example.ts';
import { hasTool } from '../tools.ts';

const page = profilePage();
const description = section(page, 'DESCRIPTION');

type Node = z.core.JSONSchema.BaseSchema;
interface Key {
  readonly path: string;
  readonly node: Node;
  readonly required: boolean;
}

/** All keys by the JSON Schema, which is made from the same schema in another way. */
function keysOf(node: Node, path: string, required: boolean): Key[] {
  const entry = typeof node.items === 'object' && !Array.isArray(node.items) ? node.items : undefined;
  return [
    { path, node, required },
    ...Object.entries(node.properties ?? {}).flatMap(([key, inner]) =>
      keysOf(inner as Node, path === '' ? key : `${path}.${key}`, (node.required ?? []).includes(key)),
    ),
    ...(entry ? keysOf(entry, `${path}[]`, false) : []),
  ];
}

const keys = keysOf(JSON.parse(profileJsonSchema()) as Node, '', true).filter(({ path }) => path !== '');
const isGroup = ({ path }: Key) => !path.includes('.') && !path.endsWith('[]');
const groups = keys.filter(isGroup);
/** What has an item of its own: neither groups, nor what stands for an entry of a list. */
const fields = keys.filter((key) => !isGroup(key) && !key.path.endsWith('[]'));

const shownGroups = partsAt(description, 'Ss').map(({ head, lines }) => ({
  path: unescaped(head),
  lines: lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('.Bl')),
  ),
}));
const shownFields = partsAt(description, 'It').map(({ head, lines }) => ({
  path: unescaped(head.replace(/^Cm /, '')),
  lines: lines.includes('.El') ? lines.slice(0, lines.indexOf('.El')) : lines,
}));
const shown = [...shownGroups, ...shownFields];
const linesOf = (path: string) => shown.find((part) => part.path === path)!.lines;

describe('airhive-profile(5)', () => {
  it('has every group and every key, in the order of the schema, and no other', () => {
    expect(shownGroups.map(({ path }) => path)).toEqual(groups.map(({ path }) => path));
    expect(shownFields.map(({ path }) => path)).toEqual(fields.map(({ path }) => path));
    expect(fields.length).toBeGreaterThan(25);
  });

  it.each([...groups, ...fields])('says of $path what the schema says', ({ path, node, required }) => {
    const lines = linesOf(path);
    const text = words(lines.join('\n'));
    const entry = keys.find((key) => key.path === `${path}[]`)?.node;
    for (const { description = '?' } of entry && !entry.properties ? [node, entry] : [node])
      expect(text).toContain(words(description));
    const { minimum, maximum, minItems, maxItems } = node;
    for (const bound of [
      minimum,
      maximum,
      minItems === 0 ? undefined : minItems,
      maxItems,
      ...(node.enum ?? []),
    ])
      if (bound !== undefined) expect(` ${text} `).toContain(` ${words(String(bound))} `);
    for (const { maxLength = 200 } of [node, entry ?? {}])
      if (maxLength !== 200) expect(text).toContain(`Text at most ${maxLength} characters`);
    expect(lines.includes('Required.')).toBe(required);
    expect(lines.includes('Optional.')).toBe(
      !required && (node.default === undefined || Object.keys(node.properties ?? {}).length > 0),
    );
  });

  it.each(fields.filter(({ node }) => node.default !== undefined))(
    'has the default of $path as a profile would have it',
    ({ path, node }) => {
      const lines = linesOf(path);
      const [, value = ''] = /^\.Ql "?(.*?)"? \.$/.exec(lines[lines.indexOf('Default:') + 1]!) ?? [];
      expect(parse(unescaped(value))).toEqual(node.default);
    },
  );

  it.each([
    ['error', 'Refused (exit status 2) unless'],
    ['unsupported', 'Not supported (exit status 3) unless'],
    ['warning', 'Warned of unless'],
  ])('has every rule whose breach is: %s', (otherwise, title) => {
    const part = partsAt(section(page, 'RULES'), 'Ss').find(({ head }) => head === title)!;
    const items = part.lines
      .join('\n')
      .split(/^\.It$/m)
      .slice(1);
    const demands = RULES.filter((rule) => rule.otherwise === otherwise).map(({ demand }) => words(demand));
    expect(items.map((item) => words(item.replace(/^\.El$/m, '')))).toEqual(demands);
  });

  it('has an example that is a profile, without a warning', () => {
    const [text = ''] = displays(section(page, 'EXAMPLES'));
    const { profile, diagnostics } = resolveProfile(
      { file: 'mine.yaml', name: 'mine', text },
      readPins(readShipped('releases.yaml')),
      tableOf({ file: 'cards.yaml', text: readShipped('cards.yaml') }),
      '2026-07-01',
    );
    expect(diagnostics).toEqual([]);
    expect(profile).toMatchObject({ name: 'mine', wifi: { country: 'DE' }, ssh: { reverse: true } });
  });

  it('lies in the bundle, with the day of the release', () => {
    const dated = (day: string) => page.replace(/^\.Dd .*\n/, `.Dd ${day}\n`);
    expect(textAt(hostTree(variant()), 'man/airhive-profile.5')).toBe(dated('June 13, 2026'));
    const old = hostTree(variant({ alpine: { release: '3.13.0' } }));
    expect(textAt(old, 'man/airhive-profile.5')).toBe(dated('January 14, 2021'));
  });

  it('is plain ASCII', () => expect(page).toMatch(/^[\n -~]*$/));
});

describe.skipIf(!hasTool('mandoc'))('the pages in the bundle (need mandoc)', () => {
  it('are clean under mandoc -T lint -W style', () => {
    const tree = hostTree(variant()).filter(({ path }) => path.startsWith('man/'));
    const pages = Object.fromEntries(
      tree.map(({ path }) => [path.slice('man/'.length), textAt(hostTree(variant()), path)]),
    );
    expect(Object.keys(pages)).toEqual(['airhive-profile.5', 'airhive.1', 'airhive.8']);
    expect(lint(pages)).toEqual([]);
  });
});
