import { expect, test } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { parseMirror } from '../../generators/profile/mirror.ts';

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
