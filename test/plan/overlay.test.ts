import { describe, expect, it } from 'vitest';
import { planOverlay } from '../../generators/plan/overlay.ts';

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
