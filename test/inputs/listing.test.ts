import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readListingText, type ListingPlace } from '../../generators/inputs/listing.ts';
import { temporaryFolder } from './sandbox.ts';

function place(chunks: readonly (string | Uint8Array)[] = [], isTerminal = false): ListingPlace {
  const stdin = { isTerminal, read: () => Readable.from(chunks.map((chunk) => Buffer.from(chunk))) };
  return { cwd: temporaryFolder(), stdin, signal: new AbortController().signal };
}

it('reads a file', async () => {
  const at = place();
  writeFileSync(join(at.cwd, 'pciconf.txt'), 'a listing\n');
  expect(await readListingText('pciconf.txt', at)).toEqual({ shown: 'pciconf.txt', text: 'a listing\n' });
  expect(await readListingText('./pciconf.txt', at)).toMatchObject({ text: 'a listing\n' });
});

it.each(['-', undefined])('reads standard input for %j', async (wanted) => {
  const at = place(['a list', 'ing\n']);
  expect(await readListingText(wanted, at)).toEqual({ shown: 'standard input', text: 'a listing\n' });
});

it('a character that the chunks have torn apart, and bytes that are none', async () => {
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
  expect(await readListingText('-', place([first, second]))).toMatchObject({ text: 'é' });
  expect(await readListingText('-', place([Buffer.from([0x41, 0xe9, 0x0a])]))).toMatchObject({
    text: 'A\ufffd\n',
  });
});

it('reads a pipe', async () => {
  const at = place();
  execFileSync('mkfifo', [join(at.cwd, 'pipe')]);
  const reading = readListingText('pipe', at);
  writeFileSync(join(at.cwd, 'pipe'), 'a listing\n');
  expect(await reading).toMatchObject({ text: 'a listing\n' });
});

it('a terminal is waited for in vain', async () => {
  await expect(readListingText('-', place([], true))).rejects.toMatchObject({
    kind: 'usage',
    message: 'there is no listing: nothing is piped into standard input',
    hint: 'run pciconf -lv on the FreeBSD machine, and give its output as a file or through a pipe',
  });
});

it('what cannot be read, and what is too long', async () => {
  const at = place(['x'.repeat(1024 * 1024), 'y']);
  await expect(readListingText('none', at)).rejects.toMatchObject({
    kind: 'disk',
    message: 'cannot read none: no such file or directory',
  });
  mkdirSync(join(at.cwd, 'directory'));
  await expect(readListingText('directory', at)).rejects.toMatchObject({ kind: 'disk' });
  await expect(readListingText('-', at)).rejects.toMatchObject({
    kind: 'usage',
    message: 'standard input is no listing: it is longer than 1 MiB',
  });
  writeFileSync(join(at.cwd, 'exact'), 'x'.repeat(1024 * 1024));
  expect((await readListingText('exact', at)).text).toHaveLength(1024 * 1024);
});

it('an interruption ends the reading', async () => {
  const interruption = new AbortController();
  const endless = addAbortSignal(interruption.signal, new Readable({ read: () => undefined }));
  const at = { ...place(), stdin: { isTerminal: false, read: () => endless }, signal: interruption.signal };
  const reading = readListingText('-', at);
  interruption.abort();
  await expect(reading).rejects.toMatchObject({
    kind: 'interrupted',
    message: 'interrupted while the listing was read',
  });
});
