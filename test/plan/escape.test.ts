import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { escapeFor, kindOf } from '../../generators/plan/escape.ts';
import { run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

/** Any text that an argument of a process can hold. */
const texts = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '*', '!', '~', '-', '\u0081', 'a'),
    }),
  )
  .map((text) => text.replaceAll('\0', ''));

const SHELLS = [
  { name: 'dash', command: ['dash'] },
  { name: 'busybox', command: ['busybox', 'ash'] },
];

describe.each(SHELLS)('a shell word under $name', ({ name, command }) => {
  it.skipIf(!hasTool(name))(`is that one word again, whatever it holds (needs ${name})`, () => {
    const [tool = '', ...args] = command;
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 12 }), (words) => {
        const script = `printf '%s\\0' ${words.map((word) => escapeFor('shell', word)).join(' ')}`;
        const printed = run(tool, [...args, '-c', script]).toString('utf8');
        expect(printed.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });
});

describe('escapeFor', () => {
  const refusal = (kind: Parameters<typeof escapeFor>[0], value: string): unknown => {
    try {
      return escapeFor(kind, value);
    } catch (error) {
      return error;
    }
  };

  it.each([
    ['shell', 'a\0b', 'NUL'],
    ['wpa', 'a"b', 'double quote'],
    ['wpa', 'a\nb', 'control character'],
    ['wpa', 'a\0b', 'control character'],
    ['wpa', 'a\x7fb', 'control character'],
    ['plain', 'a\nb', 'control character'],
    ['plain', 'a\rb', 'control character'],
    ['plain', 'a\tb', 'control character'],
    ['plain', 'a"b', 'a quote'],
    ['plain', "a'b", 'a quote'],
    ['plain', 'a`b', 'a quote'],
    ['plain', 'a$b', 'a dollar sign'],
    ['plain', 'a\\b', 'a backslash'],
  ] as const)('refuses for %s: %j', (kind, value, what) => {
    const error = refusal(kind, value);
    expect(error).toBeInstanceOf(AirhiveError);
    expect(error).toMatchObject({ kind: 'usage', hint: expect.any(String) as string });
    expect(String(error)).toContain(what);
    expect(String(error)).toContain(JSON.stringify(value));
  });

  it('never writes HTML', () => {
    expect(escapeFor('plain', '<a href=x>&/=')).toBe('<a href=x>&/=');
    expect(escapeFor('wpa', `<'\\$\`&`)).toBe(`<'\\$\`&`);
    expect(escapeFor('shell', '<&>"')).toBe(`'<&>"'`);
  });

  it('refuses plain text or leaves it as it is', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const written = refusal('plain', text);
        if (!(written instanceof AirhiveError)) expect(written).toBe(text);
        // eslint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(written instanceof AirhiveError).toBe(/[\x00-\x1f\x7f"'`$\\]/.test(text));
      }),
    );
  });
});

describe('kindOf', () => {
  it.each([
    ['vm.conf', 'shell'],
    ['etc/airhive/airhive.conf', 'shell'],
    ['etc/conf.d/sshd', 'shell'],
    ['etc/airhive/wpa_supplicant.conf', 'wpa'],
    ['etc/sysctl.d/airhive.conf', 'plain'],
    ['etc/conf.dx', 'plain'],
    ['snippets/rc.conf', 'plain'],
    ['snippets/loader.conf', 'plain'],
    ['README.txt', 'plain'],
  ])('takes %s as %s', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });
});
