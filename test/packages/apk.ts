import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeTar } from '../../generators/formats/tar.ts';
import type { RandomRepository } from './random.ts';

/** What apk says of a pair: `<`, `=`, `>`, or `!` when one of them is no version. */
export type Order = '<' | '=' | '>' | '!';

/** Alpine's own apk, run by Alpine's own loader out of an installed root; it changes nothing there. */
export class Apk {
  readonly #root: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'airhive-apk-'));

  constructor(root: string) {
    this.#root = root;
    mkdirSync(join(this.#directory, 'repository/x86_64'), { recursive: true });
    mkdirSync(join(this.#directory, 'root/etc/apk'), { recursive: true });
    this.#run(['--root', join(this.#directory, 'root'), 'add', '--initdb', '--no-network']);
  }

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }

  get #words(): string[] {
    const root = this.#root;
    const [loader, libraries] = [join(root, 'lib/ld-musl-x86_64.so.1'), `${root}/usr/lib:${root}/lib`];
    return [loader, '--library-path', libraries, join(root, 'sbin/apk')];
  }

  #run(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const [program = '', ...rest] = this.#words;
    return spawnSync(program, [...rest, ...args], { encoding: 'utf8' });
  }

  version(): string {
    return this.#run(['--version']).stdout;
  }

  /** `apk version -t` for each pair, in one shell. */
  compare(pairs: readonly (readonly [string, string])[]): Order[] {
    const script = 'while read -r one other; do echo "$("$@" version -t "$one" "$other")!"; done';
    const input = pairs.map((pair) => `${pair.join(' ')}\n`).join('');
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', ...this.#words], { input, encoding: 'utf8' });
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.charAt(0) as Order);
  }

  /** NAME-VERSION of all that `apk add --simulate` would install, with blanks between; undefined when it refuses. */
  async simulate({ index, wanted }: RandomRepository): Promise<string | undefined> {
    const bytes = Buffer.from(index);
    const tar = await encodeTar([{ type: 'file', path: 'APKINDEX', mode: 0o644, bytes }], 0);
    const repository = join(this.#directory, 'repository');
    writeFileSync(join(repository, 'x86_64/APKINDEX.tar.gz'), gzipSync(tar));
    const where = ['--root', join(this.#directory, 'root'), '--repository', repository];
    const how = ['--simulate', '--allow-untrusted', '--no-network'];
    const { status, stdout } = this.#run([...where, 'add', ...how, ...wanted]);
    if (status !== 0) return undefined;
    const found = [...stdout.matchAll(/Installing (\S+) \((\S+)\)/g)];
    return found
      .map(([, name = '', version = '']) => `${name}-${version}`)
      .sort()
      .join(' ');
  }
}
