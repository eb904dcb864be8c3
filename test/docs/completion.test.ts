import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { COMMANDS, type Completed } from '../../tools/manual/completion.ts';
import { ROOT } from './messages.ts';
import { textOf } from './documents.ts';

/** The command that airhivectl hands these on to. */
const scriptOf = (name: string): string =>
  /^(check|install|upgrade|rollback|remove)$/.test(name) ? 'vm_install' : `vm_${name}`;

/** What a command says of itself, up to the end of the quotation. */
function usageOf(script: string): string {
  const [, usage = ''] = /^USAGE=(["'][^]*?["'])$/m.exec(textOf(`overlays/host/${script}`)) ?? [];
  expect([script, usage]).toEqual([script, expect.stringContaining(`usage:`)]);
  return usage;
}

const optionsIn = (text: string): string[] => text.match(/--[a-z][a-z0-9-]*/g) ?? [];

/** What vm_site and vm_wifi take behind each verb: the patterns VERB:--OPTION of their parser. */
function parsedBy(script: string): string[] {
  const text = textOf(`overlays/host/${script}`);
  return [...text.matchAll(/\b[a-z]+:--[a-z][a-z0-9-]*/g)].map(([pattern]) => pattern);
}

const sorted = (words: readonly string[]): string[] => [...new Set(words)].toSorted();
const optionsOf = ({ options = [], verbs = [] }: Completed): string[] => [
  ...options.map(({ name }) => `--${name}`),
  ...verbs.flatMap(optionsOf),
];

const scripts = sorted(
  COMMANDS.map(({ name }) => name)
    .filter((name) => name !== 'help')
    .map(scriptOf),
);

describe('the completions of airhivectl', () => {
  it.each(scripts)('have the options and the verbs of %s, and no others', (script) => {
    const commands = COMMANDS.filter(({ name }) => name !== 'help' && scriptOf(name) === script);
    const usage = usageOf(script);
    const told = optionsIn(usage).filter((name) => name !== '--help');
    expect(sorted(commands.flatMap(optionsOf))).toEqual(expect.arrayContaining(sorted(told)));
    if (!/^vm_(site|wifi)$/.test(script)) expect(sorted(commands.flatMap(optionsOf))).toEqual(sorted(told));
    const verbs = commands.flatMap(({ verbs = [] }) => verbs.map(({ name }) => name));
    if (verbs.length === 0) return;
    const behind = commands.flatMap(({ verbs: all = [] }) =>
      all.flatMap((verb) => optionsOf(verb).map((option) => `${verb.name}:${option}`)),
    );
    if (script !== 'vm_native') expect(sorted(behind)).toEqual(sorted(parsedBy(script)));
    const lines = [...usage.matchAll(new RegExp(`\\b${script} +([a-z]+(?: \\| [a-z]+)*)`, 'g'))];
    expect(sorted(verbs)).toEqual(sorted(lines.flatMap(([, words = '']) => words.split(' | '))));
  });

  it.each([
    ['', COMMANDS.map(({ name }) => name).join(' ')],
    ['s', 'status site'],
    ['help w', 'wifi'],
    ['native ', 'on off'],
    ['site m', 'mark'],
    ['site remove --', '--hex --help'],
    ['remove --', '--yes --dry-run --help'],
    ['site add home --eap p', 'peap pwd'],
    ['site mark home --mac ', 'permanent random per-network default'],
    ['site add home --identity ', ''],
    ['wifi join --hid', '--hidden'],
    ['kill ', '--quick --help'],
    ['log ', ''],
    ['log --', '--names --help'],
  ])('offer in bash behind "airhivectl %s" what fits', (typed, offered) => {
    const script = `. overlays/host/completion/airhivectl.bash
      COMP_WORDS=(airhivectl "$@") COMP_CWORD=$#
      _airhivectl && echo "\${COMPREPLY[*]}"`;
    const ended = spawnSync('bash', ['-c', script, 'bash', ...typed.split(' ')], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([ended.stdout.trim(), ended.stderr]).toEqual([offered, '']);
  });
});
