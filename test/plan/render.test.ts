import fc from 'fast-check';
import Mustache from 'mustache';
import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { escapeFor, kindOf, planOverlay, renderTemplate, type View } from '../../generators/plan/render.ts';
import { run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const source = (path: string, text: string | Uint8Array) => ({ path, bytes: Buffer.from(text) });
const planned = (path: string, text: string | Uint8Array, view = {}) =>
  planOverlay([source(path, text)], view)[0]!;

describe('planOverlay', () => {
  it('renders templates under the name of the file they become', () => {
    expect(planned('etc/hostname.mustache', '{{vm}}\n', { vm: 'gw' })).toEqual({
      type: 'file',
      path: 'etc/hostname',
      mode: 0o644,
      bytes: Buffer.from('gw\n'),
    });
  });

  it('escapes by that name', () => {
    expect(Buffer.from(planned('vm.conf.mustache', 'A={{a}}', { a: `x'y` }).bytes).toString()).toBe(
      `A='x'\\''y'`,
    );
  });

  it('leaves every other file alone, tags and bytes that are no text included', () => {
    for (const bytes of [Buffer.from('{{name}}'), Buffer.from([0, 255, 13, 10]), Buffer.alloc(0)]) {
      expect(Buffer.from(planned('etc/x', bytes).bytes).equals(bytes)).toBe(true);
    }
  });

  it('makes executable what starts with #!, and nothing else', () => {
    expect(planned('a', '#!/bin/sh\n').mode).toBe(0o755);
    expect(planned('a.mustache', '#!/bin/sh\n{{x}}', { x: 1 }).mode).toBe(0o755);
    for (const text of ['', '#', '# !/bin/sh', ' #!/bin/sh']) expect(planned('a', text).mode).toBe(0o644);
  });

  it('keeps the order it is given', () => {
    const sources = [source('b', ''), source('a', '')];
    expect(planOverlay(sources, {}).map(({ path }) => path)).toEqual(['b', 'a']);
  });
});

const VIEW: View = {
  name: 'airhive',
  port: 0,
  none: null,
  off: false,
  on: true,
  empty: [],
  blank: '',
  list: ['a', 'b'],
  group: { inner: 'x', none: null },
  rows: [{ to: 1 }, { to: 2 }],
};

const render = (template: string, view: View = VIEW) => renderTemplate('etc/x', template, view);

describe('renderTemplate', () => {
  it.each([
    ['{{name}}:{{port}}', 'airhive:0'],
    ['{{blank}}', ''],
    ['{{#group}}{{inner}} {{name}}{{/group}}', 'x airhive'],
    ['{{group.inner}}', 'x'],
    ['{{#group}}{{group.inner}}{{/group}}', 'x'],
    ['{{#group.inner}}yes{{/group.inner}}{{^group.none}}no{{/group.none}}', 'yesno'],
    ['{{#rows}}{{to}}{{name}},{{/rows}}', '1airhive,2airhive,'],
    ['{{#list}}{{.}};{{/list}}', 'a;b;'],
    ['{{#on}}yes{{/on}}{{^on}}no{{/on}}', 'yes'],
    ['{{#none}}yes{{/none}}{{^none}}no{{/none}}', 'no'],
    ['{{#off}}yes{{/off}}{{^off}}no{{/off}}', 'no'],
    ['{{#empty}}yes{{/empty}}{{^empty}}no{{/empty}}', 'no'],
    ['a\n{{#on}}\nb\n{{/on}}\nc\n', 'a\nb\nc\n'],
    ['{{! a remark }}x', 'x'],
    ['no tags, but } and { and $&', 'no tags, but } and { and $&'],
  ])('fills %j', (template, text) => {
    expect(render(template)).toBe(text);
  });

  it.each([
    ['a name that is nowhere', '{{nmae}}', '"nmae" is not a name'],
    ['a section that is nowhere', '{{#nmae}}x{{/nmae}}', '"nmae" is not a name'],
    ['the opposite of a section that is nowhere', '{{^nmae}}x{{/nmae}}', '"nmae" is not a name'],
    ['a name of a neighbouring section', '{{inner}}', '"inner" is not a name'],
    ['a name that a group lacks', '{{group.outer}}', '"group.outer" is not a name'],
    ['a name of a group that is nowhere', '{{gruop.inner}}', '"gruop.inner" is not a name'],
    ['a name in what is no group', '{{name.inner}}', '"name.inner" is not a name'],
    ['a name in null', '{{none.inner}}', '"none.inner" is not a name'],
    [
      'a name that only an outer group has',
      '{{#group}}{{group.name}}{{/group}}',
      '"group.name" is not a name',
    ],
    ['a prototype in a group', '{{group.__proto__}}', '"group.__proto__" is not a name'],
    ['what every object has, in a group', '{{group.toString}}', '"group.toString" is not a name'],
    ['null by its path', '{{group.none}}', 'cannot be written'],
    ['what every object has', '{{toString}}', '"toString" is not a name'],
    ['what every text has', '{{#list}}{{length}}{{/list}}', '"length" is not a name'],
    ['a prototype', '{{__proto__}}', '"__proto__" is not a name'],
    ['null', '{{none}}', 'cannot be written'],
    ['null in a group', '{{#group}}{{none}}{{/group}}', 'cannot be written'],
    ['a truth', '{{on}}', 'true, false or nothing cannot be written'],
    ['a group', '{{group}}', 'a list or a group cannot be written'],
    ['a list', '{{list}}', 'a list or a group cannot be written'],
    ['three braces', '{{{name}}}', '"name" is asked for without escaping'],
    ['an ampersand', '{{&name}}', '"name" is asked for without escaping'],
    ['three braces in a section', '{{#on}}{{{name}}}{{/on}}', 'without escaping'],
    ['three braces where nothing is written', '{{#off}}{{{name}}}{{/off}}', 'without escaping'],
    ['a partial', '{{> footer}}', 'partial "footer"'],
    ['a partial where nothing is written', '{{#off}}{{> footer}}{{/off}}', 'partial "footer"'],
    ['other delimiters', '{{=<% %>=}}\n<%name%>', 'other delimiters'],
    ['a section without its end', '{{#on}}x', 'Unclosed section "on"'],
    ['a tag without its end', '{{name', 'Unclosed tag'],
    ['a value that the file cannot hold', '{{bad}}', 'a control character'],
  ])('refuses %s and names the template', (_, template, reason) => {
    const rendering = () => render(template, { ...VIEW, bad: 'a\nb' });
    expect(rendering).toThrow(AirhiveError);
    expect(rendering).toThrow(/^template etc\/x: /);
    expect(rendering).toThrow(reason);
    expect(rendering).toThrow(expect.objectContaining({ kind: 'usage' }) as AirhiveError);
  });

  it('escapes by the kind of the file, in sections as well, and never for HTML', () => {
    const view: View = { value: `<a&b> 'c'`, list: [`<'>`] };
    expect(renderTemplate('vm.conf', 'A={{value}} {{#list}}{{.}}{{/list}}', view)).toBe(
      `A='<a&b> '\\''c'\\''' '<'\\''>'`,
    );
    expect(renderTemplate('x/wpa_supplicant.conf', '"{{value}}"', view)).toBe(`"<a&b> 'c'"`);
    expect(renderTemplate('README.txt', '{{value}}', { value: '<a&b>' })).toBe('<a&b>');
  });

  it('gives what the engine gives for the template as a whole', () => {
    const line = fc
      .constantFrom('text', '', '  {{name}}', '{{#on}}', '{{/on}}', ' {{^on}} ', '{{#rows}}', '{{/rows}}')
      .chain((text) => fc.constantFrom('\n', '\r\n', ' ').map((end) => text + end));
    const whole = (template: string): unknown => {
      try {
        return Mustache.render(template, VIEW);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(fc.array(line, { maxLength: 9 }), fc.array(line, { maxLength: 3 }), (lines, inner) => {
        const template = [...lines, '{{#rows}}\n', ...inner, '{{to}}\n{{/rows}}\n', ...lines].join('');
        const expected = whole(template);
        if (expected === undefined) expect(() => render(template)).toThrow(/^template etc\/x: /);
        else expect(render(template)).toBe(expected);
      }),
    );
  });

  it('refuses every name that the view does not have', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]*$/), fc.constantFrom('constructor', 'valueOf')),
        (name) => {
          fc.pre(!Object.hasOwn(VIEW, name));
          expect(() => render(`{{${name}}}`)).toThrow(`"${name}" is not a name it may use`);
        },
      ),
    );
  });

  it('reads no value as a template', () => {
    expect(render('{{name}}', { name: '{{port}}' })).toBe('{{port}}');
  });
});

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

  it('html: what could begin a tag or a sign, or end an attribute, is neither', () => {
    expect(escapeFor('html', `a<b>&"'c`)).toBe('a&#60;b&#62;&#38;&#34;&#39;c');
    expect(escapeFor('html', 'two\nlines\t$x`\\')).toBe('two\nlines\t$x`\\');
    expect(kindOf('lib/page.html')).toBe('html');
    expect(refusal('html', 'a\u001bb')).toMatchObject({ kind: 'usage' });
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
