import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runInside } from '../cli/command.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { hasTool } from '../tools.ts';
import {
  commands,
  DOCUMENTS,
  fences,
  isForBuilding,
  otherLinesOfSteps,
  otherSpans,
  stepsOfBundle,
  textOf,
} from './documents.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { ROOT } from './messages.ts';

const shown = [...new Set(commands().map(({ command }) => command))];

/** What stands in the documents for something of the reader's. */
const STANDS_FOR: readonly (readonly [from: string, to: string])[] = [
  ['[NAME|FILE]...', 'intel8260 ./mine.yaml'],
  ['NAME|FILE', 'intel8260'],
  ['DIR|TAR', 'dist/intel8260.tar'],
  ['-- COMMAND', '-- profiles'],
  ['cards [ID|-]', 'cards 8086:24f3'],
  ['init [FILE|-]', 'init laptop.txt'],
];

/** What his laptop has printed; mine.yaml is made from it. */
const LAPTOP = `14.3-RELEASE
iwm0@pci0:4:0:0:\tclass=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x0010
    class      = network
`;

/** The directory of a reader who has the files that the README has him write. */
function readersDirectory(): string {
  const cwd = temporaryFolder();
  const [, secrets = ''] = /^```yaml\n([^]*?)^```/m.exec(textOf('README.md')) ?? [];
  expect(secrets).toContain('passphrase:');
  writeFileSync(join(cwd, 'secrets.yaml'), secrets, { mode: 0o600 });
  writeFileSync(join(cwd, 'laptop.txt'), LAPTOP);
  return cwd;
}

const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

/** What `npm run SCRIPT -- WORD...` gives to airhive. */
function argumentsOf(command: string): string[] {
  const read = STANDS_FOR.reduce((text, [from, to]) => text.replace(from, to), command);
  const [, script = '', rest = ''] = /^npm run (?:-s )?(\S+)(?: -- (.*))?$/.exec(read) ?? [];
  const [program, verbs = ''] = (scripts[script] ?? '').split('bin/airhive.cjs');
  expect([command, program]).toEqual([command, 'node ']);
  const words = `${verbs} ${rest}`.split(' ').filter(Boolean);
  return words[0] === 'build' ? [...words, '--offline'] : words;
}

describe('the commands of the documents', () => {
  const building = shown.filter((command) => isForBuilding(command) && !(command in ELSEWHERE));

  it('for the machine that builds work, one after the other', async () => {
    const cwd = readersDirectory();
    expect(building.length).toBeGreaterThan(8);
    for (const command of building.filter((text) => text.startsWith('npm '))) {
      const ended = await runInside(argumentsOf(command), { cwd, root: ROOT });
      expect([command, ended.code], ended.stderr).toEqual([command, 0]);
    }
    expect(existsSync(join(cwd, 'dist/intel8260.site.img'))).toBe(true);
    for (const command of building.filter((text) => hasTool('sha256sum') && !text.startsWith('npm '))) {
      const { status, stderr } = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8' });
      expect([command, status], stderr).toEqual([command, 0]);
    }
  });

  it.each(Object.entries(ELSEWHERE))('%s is run by %s', (command, file) => {
    expect(shown).toContain(command);
    const text = textOf(file).replaceAll('npm run --silent ', 'npm run ');
    expect(text).toContain(command);
  });

  // Who adds to these lists has looked whether a reader would type it.
  it('are all of them: whatever else stands in code is no command', () => {
    expect(DOCUMENTS.flatMap((file) => otherSpans(file))).toEqual([
      'class = network',
      'vendor=0x8086 device=0x24f3',
      'cards - <laptop.txt',
      '--lock dist/intel8260.tar',
      'network.mdns: true',
      'firewall.only: trusted',
      'airhive COMMAND',
      // The commands of the table, which commands() writes out.
      ...[
        'cards [ID\\|-]',
        'init [FILE\\|-]',
        'build --profile NAME\\|FILE',
        'lock --profile NAME\\|FILE',
        'validate [NAME\\|FILE]...',
        'plan --profile NAME\\|FILE',
        'verify DIR\\|TAR',
        'diff DIR\\|TAR DIR\\|TAR',
      ],
      'releases add VERSION',
      'releases add',
      'openssl dgst',
      'machine.console: nmdm',
      'network.mdns: true',
      'firewall.only: trusted',
    ]);
    const languages = new Set(DOCUMENTS.filter((file) => file !== 'ARCHITECTURE.md').flatMap(fences));
    expect([...languages].toSorted()).toEqual(['pf', 'sh', 'yaml']);
    // The host, the guest and places; the last are snippets/X for Y, which test/host/by-hand.test.ts follows.
    expect(
      otherLinesOfSteps().filter((line) => !/^(host|guest) |^\/|^(snippets|current|data)\//.test(line)),
    ).toEqual([]);
  });

  it('of a README that are only named beside another are words that the script knows', () => {
    const beside = [...stepsOfBundle().matchAll(/^ {2}\.\/(vm_[a-z]+) .*also: (.*)$/gm)];
    expect(beside.length).toBeGreaterThan(1);
    for (const [, script = '', words = ''] of beside)
      for (const word of words.split(', '))
        expect(textOf(`overlays/host/${script}`)).toContain(`${script} ${word.replace(/ .*/, '')}`);
  });

  it('for FreeBSD are run by the bench', () => {
    expect(shown.filter((command) => !isForBuilding(command)).length).toBeGreaterThan(60);
    expect(textOf('test/host/docs.test.ts')).toContain('commands()');
  });
});
