import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../generators/formats/checksums.ts';
import { readFat } from '../fixtures/fat-reader.ts';
import { run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { airhive, runInside } from './command.ts';
import { folderWith } from './projects.ts';
import { HOST_KEY, PASSPHRASE, PRIVATE, PUBLIC_KEY, SECRETS } from './secrets.ts';

const BUILD = ['build', '--profile', 'intel8260', '--offline'];

/** Every file below a folder, by its path from there. */
function contentOf(folder: string): Map<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

function digestsOf(content: ReadonlyMap<string, Buffer>): string[] {
  return [...content].map(([path, bytes]) => `${path} ${sha256(bytes)}`);
}

/** A file's bytes, and what they hold when they are compressed or a volume, down to the last layer. */
function layersOf(bytes: Buffer): Buffer[] {
  if (bytes.readUInt16BE(0) === 0x1f8b) return [bytes, ...layersOf(gunzipSync(bytes))];
  if (bytes.length < 65_536 || bytes.readUInt16LE(510) !== 0xaa55) return [bytes];
  return [bytes, ...readFat(bytes).files.flatMap((file) => layersOf(Buffer.from(file.bytes)))];
}

describe('build --secrets', () => {
  it('adds NAME.site.img, the one file with a secret in it, to what a build without makes', async () => {
    const cwd = folderWith({ 's.yaml': SECRETS });
    await airhive([...BUILD, '--out', 'plain'], { cwd });
    const { code, stdout, stderr } = await airhive([...BUILD, '--secrets', 's.yaml', '--verbose'], { cwd });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'dist/intel8260/\ndist/intel8260.tar\ndist/intel8260.pkg\ndist/intel8260.site.img\n',
    });
    expect(stderr).not.toContain(PASSPHRASE);

    const content = contentOf(join(cwd, 'dist'));
    const holding = [...content].filter(([, bytes]) =>
      layersOf(bytes).some((layer) => [PASSPHRASE, PRIVATE].some((secret) => layer.includes(secret))),
    );
    expect(holding.map(([path]) => path)).toEqual(['intel8260.site.img']);
    content.delete('intel8260.site.img');
    expect(digestsOf(content)).toEqual(digestsOf(contentOf(join(cwd, 'plain'))));

    expect((statSync(join(cwd, 'dist/intel8260.site.img')).mode & 0o777).toString(8)).toBe('600');
    for (const path of ['dist/intel8260', 'dist/intel8260.tar'])
      expect((await runInside(['verify', '--public', path], { cwd })).code).toBe(0);
  });

  it.skipIf(!hasTool('mdir') || !hasTool('fsck.fat'))(
    'mtools and fsck.fat read the image (needs both)',
    async () => {
      const cwd = folderWith({ 's.yaml': SECRETS });
      await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
      const image = join(cwd, 'dist/intel8260.site.img');
      run('fsck.fat', ['-n', image]);
      expect(run('mdir', ['-b', '-i', image, '::']).toString()).toBe(
        '::/admin_keys\n::/networks.conf\n::/ssh_host_ed25519_key\n',
      );
      const read = (name: string): string => run('mtype', ['-i', image, `::${name}`]).toString();
      expect(read('networks.conf')).toContain(`\tpsk="${PASSPHRASE}"\n`);
      expect(read('admin_keys')).toBe(`${PUBLIC_KEY}\n`);
      expect(read('ssh_host_ed25519_key')).toBe(HOST_KEY);
      expect(run('mlabel', ['-s', '-i', image, '::']).toString()).toContain('AIRHIVESITE');
    },
  );

  it('leaves NAME.site.img alone when it is not asked for', async () => {
    const cwd = folderWith({ 's.yaml': SECRETS });
    const path = join(cwd, 'dist/intel8260.site.img');
    await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
    const image = readFileSync(path);
    await runInside(BUILD, { cwd });
    expect(readFileSync(path).equals(image)).toBe(true);
    writeFileSync(join(cwd, 's.yaml'), SECRETS.replace('home', 'away'));
    await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
    expect(readFileSync(path).equals(image)).toBe(false);
  });

  it('changes nothing while the data of a machine lies in the bundle of an older airhive', async () => {
    const cwd = folderWith({ 's.yaml': SECRETS });
    await runInside(BUILD, { cwd });
    mkdirSync(join(cwd, 'dist/intel8260/data'));
    writeFileSync(join(cwd, 'dist/intel8260/data/site.img'), 'of the machine');
    const before = digestsOf(contentOf(join(cwd, 'dist')));
    const { code, stderr } = await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
    expect(code).toBe(7);
    expect(stderr).toContain('dist/intel8260/data is the data of a machine');
    expect(digestsOf(contentOf(join(cwd, 'dist')))).toEqual(before);
  });

  it.each([0o640, 0o604, 0o620, 0o666])(
    'refuses a file of mode %o, which is open to others',
    async (mode) => {
      const cwd = folderWith({ 's.yaml': SECRETS });
      chmodSync(join(cwd, 's.yaml'), mode);
      const { code, stderr } = await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(
        `s.yaml holds secrets, but its mode 0${mode.toString(8)} opens it to others\n  chmod 600 s.yaml`,
      );
      expect(readdirSync(cwd)).toEqual(['s.yaml']);
    },
  );
});
