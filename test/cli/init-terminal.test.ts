import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { hasTool } from '../tools.ts';

const CARD =
  'iwm0@pci0:4:0:0:\tclass=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x0130\n';
const SECOND = CARD.replace('iwm0@pci0:4', 'none2@pci0:5').replace('24f3', '2725');

/** A question, and what is typed when it stands there. */
type Dialogue = readonly (readonly [seen: RegExp, typed: string])[];

interface Spoken {
  readonly code: number;
  readonly shown: string;
  /** Files of the working directory, by their names. */
  readonly read: (name: string) => string | undefined;
}

/** Runs a shell line on a pseudo-terminal of its own; `airhive` in it is the compiled program, listing.txt the listing. */
async function onTerminal(listing: string, line: string, dialogue: Dialogue): Promise<Spoken> {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'listing.txt'), listing);
  const program = join(inject('airhive'), 'bin/airhive.cjs');
  const shell = `airhive() { "${process.execPath}" "${program}" "$@"; }; ${line}`;
  const child = spawn('script', ['-qec', shell, '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, SHELL: '/bin/sh', TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let shown = '';
  let from = 0;
  const steps = [...dialogue];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question, answer] = steps[0] ?? [];
    if (!question?.test(shown.slice(from))) return;
    steps.shift();
    from = shown.length;
    child.stdin.write(answer);
  });
  const [code] = (await once(child, 'close')) as [number];
  expect(steps).toEqual([]);
  const read = (name: string) =>
    existsSync(join(cwd, name)) ? readFileSync(join(cwd, name), 'utf8') : undefined;
  return { code, shown, read };
}

const VERSION = /Version of FreeBSD there, as uname -r prints it: $/;
const COUNTRY = /Country where the Wi-Fi is used, such as DE \[00, .*\]: $/;
const REVERSE = /May others on the Wi-Fi reach this machine's sshd \[no\]: $/;

describe.skipIf(!hasTool('script'))('at a terminal (needs script of util-linux)', () => {
  it('asks for what no listing tells, also when that comes through a pipe', async () => {
    for (const how of [
      'airhive init listing.txt',
      'airhive init - <listing.txt',
      'cat listing.txt | airhive init',
    ]) {
      const { code, read } = await onTerminal(CARD, `${how} >mine.yaml`, [
        [VERSION, '14.3-RELEASE-p2\n'],
        [COUNTRY, 'de\n'],
        [REVERSE, 'yes\n'],
      ]);
      expect(code).toBe(0);
      expect(parse(read('mine.yaml')!)).toMatchObject({
        wifi: { country: 'DE' },
        ssh: { reverse: true },
        host: { freebsd: '14.3' },
      });
    }
  });

  it('takes an empty answer for the default, and asks again after one that is none', async () => {
    const { code, shown, read } = await onTerminal(
      `14.3-RELEASE\n${CARD}${SECOND}`,
      'airhive init listing.txt --out mine.yaml',
      [
        [/4\/0\/0 is Intel [^]*5\/0\/0 is Intel [^]*Which card is for the guest: $/, '3/0/0\n'],
        [/there is no Wi-Fi card at "3\/0\/0"[^]*Which card is for the guest: $/, '5/0/0\n'],
        [COUNTRY, 'UK\n'],
        [/"UK" is no country: the United Kingdom is GB\r\n.*\]: $/, '\n'],
        [REVERSE, 'maybe\n'],
        [/yes or no\r\nMay others.*: $/, '\n'],
      ],
    );
    expect(code).toBe(0);
    expect(shown).toContain('mine.yaml\r\n');
    expect(shown).not.toContain('Version of FreeBSD');
    expect(parse(read('mine.yaml')!)).toMatchObject({
      passthrough: [{ pci: '5/0/0', id: '8086:2725' }],
      wifi: { country: '00' },
      ssh: { reverse: false },
    });
  });

  it('asks nothing that an option says', async () => {
    const { code, shown, read } = await onTerminal(
      CARD + SECOND,
      'airhive init listing.txt --card 4/0/0 --freebsd 15.0 --country FR --reverse-ssh no --out mine.yaml',
      [],
    );
    expect(code).toBe(0);
    expect(shown).toBe('next: airhive build --profile ./mine.yaml\r\nmine.yaml\r\n');
    expect(parse(read('mine.yaml')!)).toMatchObject({ wifi: { country: 'FR' }, host: { freebsd: '15.0' } });
  });

  it.each([
    ['standard error goes elsewhere', 'airhive init listing.txt 2>log >mine.yaml'],
    ['there is a file and no standard input', 'airhive init listing.txt </dev/null >mine.yaml 2>&1'],
    ['a program reads', 'airhive init --json listing.txt >mine.yaml'],
  ])('asks nothing when %s', async (_, line) => {
    const { code, shown } = await onTerminal(CARD, line, []);
    expect(code).toBe(2);
    expect(shown).not.toMatch(VERSION);
  });

  it.each([
    ['^C', '\x03', 130, /interrupted; nothing was written/],
    ['^D', '\x04', 2, /there was no answer; nothing was written/],
  ])('%s ends it, and nothing is written', async (_, key, code, message) => {
    const ended = await onTerminal(`14.3-RELEASE\n${CARD}`, 'airhive init listing.txt --out mine.yaml', [
      [COUNTRY, key],
    ]);
    expect(ended.code).toBe(code);
    expect(ended.shown).toMatch(message);
    expect(ended.read('mine.yaml')).toBeUndefined();
  });

  it('without a listing a terminal is told how to get one, and not waited for', async () => {
    const { code, shown } = await onTerminal('', 'airhive init', []);
    expect(code).toBe(2);
    expect(shown).toContain('there is no listing');
  });
});
