import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { AWKS, runAwks } from './awks.ts';
import type { Machine } from './machine.ts';
import { toolsBefore } from './other-tools.ts';
import { installed } from './service-bench.ts';
import { online, prints, running, statusOf } from './status-bench.ts';

/* vm_status --html. That a browser reads the page as it is meant is in test/page. */

/** The marks of the drawing, by the part of the way; the table beside it says the same. */
function marksOf(page: string): Record<string, string> {
  const rows = page.matchAll(/<th scope="row">([^<]*)<\/th><td><span class="state ([a-z]+)">/g);
  return Object.fromEntries([...rows].map(([, part = '', mark = '']) => [part, mark]));
}

/** The text of the page's first heading after the state. */
const verdictOf = (page: string): string => /<h2>([^<]*)<\/h2>/.exec(page)?.[1] ?? '';

const pageIn = (machine: Machine, name = 'page.html'): string => join(machine.root, 'tmp', name);

function stoppedMachine(): Machine {
  const { machine } = installed();
  mkdirSync(join(machine.root, 'tmp'), { recursive: true });
  return machine;
}

describe('the page of vm_status', () => {
  it('says of an online guest that all parts work', async () => {
    const { machine, status } = await running();
    online(machine);
    const { code, said } = await status('--html', '-');
    expect(code, said).toBe(0);
    expect(verdictOf(said)).toBe('All parts of the way work');
    expect(new Set(Object.values(marksOf(said)))).toEqual(new Set(['ok']));
    expect(said).toContain('-61 dBm');
    expect(said).toContain('192.168.1.23/24');
    expect(said).not.toMatch(/@@/);
    // What the terminal cannot show is spelled out there, and letters are letters.
    expect(said).toContain(String.raw`Café \x1b[31m\&quot;x\&quot;`);
    for (const [, name = ''] of (await status()).said.matchAll(/^([a-z]+) /gm))
      expect(said).toContain(`<th scope="row">${name}</th>`);
  });

  it.each([
    ['offline', 'the Wi-Fi network', { 'bin/status': 'wpa_state=SCANNING\n', 'bin/ip': prints('') }],
    ['closed', 'the packet filter', { 'proc/sys/net/ipv4/ip_forward': '0\n' }],
    ['limited', 'the way to the Internet', { 'usr/libexec/airhive/way': prints('limited no answer\n') }],
    ['no-card', 'the Wi-Fi card', { 'sys/class/net/.': '', 'usr/libexec/airhive/card': prints('no-card\n') }],
  ])('shows where it breaks: %s', async (state, part, changes) => {
    const { machine, status } = await running();
    const { 'sys/class/net/.': noCard, ...files } = changes as Record<string, string>;
    online(machine, files);
    if (noCard !== undefined) rmSync(join(machine.state, 'guest-files/sys/class/net/wlan0'));
    const { code, said } = await status('--html', '-');
    expect(code, said).toBe(5);
    expect(said).toContain(`<h1>airhive: ${state}</h1>`);
    expect(verdictOf(said)).toBe(`It breaks at: ${part}`);
  });

  it('shows a login page as something to do, with its address', async () => {
    const { machine, status } = await running();
    online(machine, { 'usr/libexec/airhive/portal': prints('login https://login.example/?a=1&b=2\n') });
    const { code, said } = await status('--html', '-');
    expect(code).toBe(5);
    expect(verdictOf(said)).toBe('Look at: the way to the Internet');
    expect(said).toContain('<a href="https://login.example/?a=1&amp;b=2" rel="noreferrer">');
  });

  it('shows a guest that does not run, and what was said last', async () => {
    const machine = stoppedMachine();
    writeFileSync(
      join(machine.var, 'log/airhive/service.log'),
      'vm_run: <b>one</b>\nvm_run: \u001b[31mtwo & "three"\n',
    );
    const { code, said } = await statusOf(machine, '--html', '-');
    expect(code).toBe(4);
    // Nobody has been asked what network there is.
    expect(said).not.toContain('not in a network');
    expect(marksOf(said)).toMatchObject({
      guest: 'bad',
      'Wi-Fi network': 'unknown',
      'tap and bridge': 'off',
    });
    expect(said).toContain('<li>vm_run: &lt;b&gt;one&lt;/b&gt;</li>');
    expect(said).toContain('<li>vm_run: two &amp; &quot;three&quot;</li>');
  });
});

describe('the file of the page', () => {
  it('is put in place whole, as readable as the umask of its user says', async () => {
    const machine = stoppedMachine();
    expect((await statusOf(machine, '--html', pageIn(machine))).code).toBe(4);
    const page = readFileSync(pageIn(machine), 'utf8');
    expect(page.endsWith('</html>\n')).toBe(true);
    // The bench's own umask is 022.
    expect(statSync(pageIn(machine)).mode & 0o777).toBe(0o644);
    // The page before it is replaced; nothing is left beside it.
    expect((await statusOf(machine, '--html', pageIn(machine))).code).toBe(4);
    expect(readdirSync(join(machine.root, 'tmp'))).toEqual(['page.html']);
    expect(readdirSync(machine.run).filter((name) => name.startsWith('page'))).toEqual([]);
  });

  it.each([
    ['a link', (file: string, other: string) => symlinkSync(other, file), 'is a link'],
    ['a link to nothing', (file: string) => symlinkSync('/nonexistent', file), 'is a link'],
    ['a directory', (file: string) => mkdirSync(file), 'is a directory'],
    ['another file', (file: string) => writeFileSync(file, 'mine\n'), 'is no page of vm_status'],
  ])('%s in its place stays as it is', async (_what, put, reason) => {
    const machine = stoppedMachine();
    const other = pageIn(machine, 'other');
    writeFileSync(other, 'not to be touched\n');
    put(pageIn(machine), other);
    const before = lstatSync(pageIn(machine));
    const { code, said } = await statusOf(machine, '--html', pageIn(machine));
    expect(code).toBe(2);
    expect(said).toContain(reason);
    expect(lstatSync(pageIn(machine)).ino).toBe(before.ino);
    expect(readFileSync(other, 'utf8')).toBe('not to be touched\n');
  });

  it('that cannot be written leaves the one before, and says so', async () => {
    const machine = stoppedMachine();
    expect((await statusOf(machine, '--html', pageIn(machine))).code).toBe(4);
    const before = readFileSync(pageIn(machine));
    const strike = join(machine.root, 'tools');
    mkdirSync(strike, { recursive: true });
    writeFileSync(join(strike, 'mv'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(strike, 'mv'), 0o755);
    Object.assign(machine.environment, toolsBefore(strike));
    const { code, said } = await statusOf(machine, '--html', pageIn(machine));
    expect(code).toBe(7);
    expect(said).toContain('cannot write');
    expect(readFileSync(pageIn(machine))).toEqual(before);
    expect(readdirSync(join(machine.root, 'tmp'))).toEqual(['page.html']);
  });

  it.each([
    [['--html']],
    [['--html', '']],
    [['--html', 'a/']],
    [['--html', '--json']],
    [['--html', 'a', 'b']],
  ])('wrong usage: %j', async (words) => {
    const machine = stoppedMachine();
    expect((await statusOf(machine, ...words)).code).toBe(2);
  });

  it('in no directory', async () => {
    const machine = stoppedMachine();
    const { code, said } = await statusOf(machine, '--html', pageIn(machine, 'none/page.html'));
    expect([code, said]).toEqual([7, expect.stringContaining('there is no directory')]);
    expect(existsSync(pageIn(machine, 'none'))).toBe(false);
  });
});

describe('page.awk', () => {
  const filled = (template: string, lines: string) =>
    runAwks(
      ['ssid', 'shown', 'page'],
      [],
      ['what=values', freshFile(lines), 'what=page', freshFile(template)],
      AWKS,
    );

  it('escapes what is HTML, and looks at a value once', () => {
    expect(filled('<p>@@a@@ @@b@@ @@c@@</p>\n', `a <i>&"'\nb @@a@@\n`)).toBe(
      '<p>&lt;i&gt;&amp;&quot;&#39; @@a@@ </p>\n',
    );
  });

  it('leaves out the lines of what is empty, and repeats those of a list', () => {
    const template = '@@?a@@<p>@@a@@</p>\n@@?b@@<p>b</p>\n@@*c@@<li>@@1@@|@@2@@</li>\n@@*d@@<li>d</li>\n';
    expect(filled(template, 'a 1\nb \nc x\ty\nc <\t\n')).toBe('<p>1</p>\n<li>x|y</li>\n<li>&lt;|</li>\n');
  });

  it('has no value and no list without an end, and cuts no character in two', () => {
    const long = filled('@@a@@\n', `a ${'é'.repeat(1000)}\n`);
    expect(long).toBe(`${'é'.repeat(300)}...\n`);
    expect(filled('@@a@@\n', `a x${'é'.repeat(1000)}\n`)).toBe(`x${'é'.repeat(299)}...\n`);
    expect(filled('@@*c@@x\n', 'c y\n'.repeat(1000)).split('\n').length).toBe(61);
  });

  it('has no control characters', () => {
    expect(filled('@@a@@\n', 'a x\u001b[31m\u0007\u007f\n')).toBe('x?[31m??\n');
  });
});
