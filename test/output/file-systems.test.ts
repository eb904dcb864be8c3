import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canUnshare } from '../fixtures/namespaces.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { buildPublisher } from './child/build.ts';
import { OLD_STATE, publishedFolder } from './published.ts';
import { NAME, stateOf } from './sample.ts';

// Real file systems in a mount namespace, which only root may have.
describe.skipIf(!canUnshare('-m'))('on file systems of their own (needs unshare and root)', () => {
  /** What the shell script prints; $1: a directory with `one` published; PUBLISH OUT MARK: publishes. */
  async function inNamespace(script: string): Promise<{ out: string; lines: string[] }> {
    const out = await publishedFolder();
    const program = await buildPublisher(temporaryFolder());
    const all = script.replaceAll('PUBLISH', `"${process.execPath}" "${program}" once`);
    const text = execFileSync('unshare', ['-m', 'sh', '-c', all, 'sh', out], { encoding: 'utf8' });
    return { out, lines: text.trimEnd().split('\n') };
  }

  it('a disk that gets full', async () => {
    const { out, lines } = await inNamespace(
      'mount -t tmpfs -o size=40k none "$1"; PUBLISH "$1" one; PUBLISH "$1" two; ls -A "$1"; cat "$1"/*/a.txt "$1"/*.tar',
    );
    expect(lines).toEqual([
      'published',
      expect.stringMatching(/^disk: cannot write .*: no space left on the device$/),
      NAME,
      `${NAME}.pkg`,
      `${NAME}.tar`,
      'a.txt one',
      `${NAME}/ one`,
    ]);
    expect(stateOf(out)).toEqual(OLD_STATE);
  });

  it('a read-only one', async () => {
    const { out, lines } = await inNamespace(
      'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; PUBLISH "$1" two',
    );
    expect(lines).toEqual([`disk: cannot write ${out}: the file system is read-only`]);
    expect(stateOf(out)).toEqual(OLD_STATE);
  });

  it('data/ that is one: nothing is touched', async () => {
    const { out, lines } = await inNamespace(
      `d="$1/${NAME}/data"; mkdir "$d"; mount -t tmpfs none "$d"; touch "$d/here"; PUBLISH "$1" two; ls "$d"`,
    );
    expect(lines).toEqual([expect.stringMatching(/^disk: .*\/data is the data of a machine/), 'here']);
    expect(stateOf(out)).toEqual(OLD_STATE);
  });

  it('OUT/NAME that is one', async () => {
    const { out, lines } = await inNamespace(`mount --bind "$1/${NAME}" "$1/${NAME}"; PUBLISH "$1" two`);
    expect(lines).toEqual([`disk: cannot replace ${join(out, NAME)}: EBUSY`]);
    expect(stateOf(out)).toEqual(OLD_STATE);
  });
});
