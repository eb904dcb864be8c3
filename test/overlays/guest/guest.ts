import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { VARIANTS } from '../../fixtures/profiles.ts';
import { freshFolder, run } from '../../fixtures/scratch.ts';

const intel8260 = VARIANTS.intel8260;
if (intel8260 === undefined) throw new Error('no such profile');
const tree = guestTree(intel8260);

/** Absolute paths of the guest in its scripts. */
const PATHS = /(?<=[\s"=<>])\/(?:(?:usr\/libexec|etc|var\/lib|run)\/airhive|dev\/(?!null)|sys\/(?:block|bus|class|module)|etc\/hosts|etc\/resolv\.conf|etc\/apk\/world|media)/g;

/** One script of the guest below a folder. Its tools are played by others, which write down how they were called. */
export class Guest {
  readonly root = freshFolder();
  private readonly script: string;

  constructor(script: string) {
    this.script = `usr/libexec/airhive/${script}`;
    for (const path of ['usr/libexec/airhive/lib', this.script])
      this.write(path, textAt(tree, path).replace(PATHS, `${this.root}$&`));
    for (const folder of ['dev', 'run/airhive/said', 'bin'])
      mkdirSync(join(this.root, folder), { recursive: true });
    this.write('etc/airhive/airhive.conf', '');
    this.write('var/lib/airhive/log/airhive.log', '');
    this.write('calls', '');
    this.tool('logger', '');
    this.tool('sync', '');
  }

  write(name: string, content: string): void {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, 0o755);
  }

  /** A tool in the form of shell commands; GUEST is the folder. */
  tool(name: string, commands: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>"$GUEST/calls"\n${commands}\n`);
  }

  /** What the script's caller has set, beside PATH. */
  environment: Readonly<Record<string, string>> = {};

  /** Runs the script to its end, whatever that is; returns what it printed. */
  call(...args: readonly string[]): string {
    const given = Object.entries(this.environment).map(([name, value]) => `${name}=${value}`);
    const path = `PATH=${join(this.root, 'bin')}:${process.env.PATH ?? ''}`;
    const command = ['sh', '-c', '"$@" || true', 'sh', join(this.root, this.script), ...args];
    return run('env', [path, `GUEST=${this.root}`, ...given, ...command]).toString();
  }

  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8');
  }

  /** Arguments of each call of a tool so far. */
  calls(tool: string): string[] {
    return this.read('calls')
      .split('\n')
      .filter((line) => line.startsWith(`${tool} `))
      .map((line) => line.slice(tool.length + 1).replaceAll(`${this.root}/`, ''));
  }

  /** The log that survives a reboot, without its dates. */
  get said(): string[] {
    const lines = this.read('var/lib/airhive/log/airhive.log').matchAll(/^\S+ (.*)$/gm);
    return [...lines].map(([, text = '']) => text.replaceAll(`${this.root}/`, ''));
  }
}
