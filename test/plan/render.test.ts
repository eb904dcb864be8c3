import fc from 'fast-check';
import Mustache from 'mustache';
import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { renderTemplate, type View } from '../../generators/plan/render.ts';

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
    ['a path', '{{group.inner}}', '"group.inner" is not a name'],
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
