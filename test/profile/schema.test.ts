import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { AirhiveError } from '../../generators/errors.ts';
import { parseMirror, profileJsonSchema } from '../../generators/profile/schema.ts';
import { readShipped, smallestProfile } from './example.ts';

describe('the JSON Schema', () => {
  const text = profileJsonSchema();
  const schema = JSON.parse(text) as z.core.JSONSchema.JSONSchema;

  test('every shipped profile names it for editors', () => {
    expect(readShipped('intel8260.yaml')).toMatch(
      /^# yaml-language-server: \$schema=\.\/profile\.schema\.json\n/,
    );
  });

  test('it is draft 2020-12 and says something about every key', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    const silent: string[] = [];
    const visit = (name: string, node: z.core.JSONSchema.BaseSchema) => {
      if (node.description === undefined) silent.push(name);
      for (const [key, inner] of Object.entries(node.properties ?? {}))
        visit(`${name}.${key}`, inner as typeof node);
      if (typeof node.items === 'object' && !Array.isArray(node.items)) visit(`${name}[]`, node.items);
    };
    visit('profile', schema);
    expect(silent).toEqual([]);
  });

  test('its patterns are regular expressions with the flag u, as validators compile them', () => {
    const patterns = [...text.matchAll(/"pattern": (".*")/g)].map(
      ([, json = '']) => JSON.parse(json) as string,
    );
    expect(patterns.length).toBeGreaterThan(15);
    for (const pattern of patterns) expect(() => new RegExp(pattern, 'u')).not.toThrow();
  });

  /** zod reads the JSON Schema back, so what counts here is the generated document and not our schema. */
  describe('read back', () => {
    const accepts = (value: unknown) => z.fromJSONSchema(schema).safeParse(value).success;

    test.each(['intel8260.yaml'])('accepts %s', (name) =>
      expect(accepts(parse(readShipped(name)))).toBe(true),
    );

    test('accepts a profile without anything that has a default', () =>
      expect(accepts(smallestProfile())).toBe(true));

    test.each([
      ['an unknown group', { guest: {} }],
      ['an unknown key', { ssh: { prot: 1 } }],
      ['a number for memory', { machine: { memory: 384 } }],
      ['memory without unit', { machine: { memory: '384' } }],
      ['another loader', { machine: { loader: 'bios' } }],
      ['no device', { passthrough: [] }],
      ['nine devices', { passthrough: Array(9).fill({ pci: '4/0/0', id: '8086:24f3' }) }],
      ['a directory with a space', { host: { directory: '/a b', freebsd: '14.3' } }],
      ['a directory with ..', { host: { directory: '/a/../b', freebsd: '14.3' } }],
      ['a port out of range', { ssh: { port: 65536 } }],
    ])('refuses %s', (_, groups) => expect(accepts({ ...smallestProfile(), ...groups })).toBe(false));
  });
});

describe('a mirror of the command line', () => {
  test.each([
    ['https://dl-cdn.alpinelinux.org/alpine', 'https://dl-cdn.alpinelinux.org/alpine'],
    ['https://dl-cdn.alpinelinux.org/alpine/', 'https://dl-cdn.alpinelinux.org/alpine'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080/a/b', 'http://[::1]:8080/a/b'],
  ])('takes %s', (url, mirror) => expect(parseMirror(url)).toBe(mirror));

  test.each([
    'ftp://x.org/alpine',
    'x.org/alpine',
    'https://user:pw@x.org/',
    'https://x.org/?a=1',
    'https://x.org/#a',
    'https://x.org//a',
    'https://x.org/a b',
    "https://x.org/';reboot;'",
    'https://x.org/alpine/v3.24/releases/x86_64',
    'https://x.org/alpine/v3.24',
    `https://x.org/${'a'.repeat(200)}`,
  ])('refuses %s', (url) => {
    expect(() => parseMirror(url)).toThrow(AirhiveError);
    expect(() => parseMirror(url)).toThrow('a mirror has to be ');
  });
});
