import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listProfiles, readProfile, readReleases } from '../../generators/inputs/profiles.ts';
import { temporaryFolder } from './sandbox.ts';

/** An installation with these files in profiles/. */
function installed(...files: readonly string[]): string {
  const root = temporaryFolder();
  mkdirSync(join(root, 'profiles'));
  for (const file of files) writeFileSync(join(root, 'profiles', file), `text of ${file}`);
  return root;
}

it('the shipped profiles are listed in code unit order, without what else lies there', async () => {
  const root = installed('b.yaml', 'a.yaml', 'B.yaml', 'releases.yaml', 'profile.schema.json', 'x.yml');
  expect(await listProfiles(root)).toEqual(['B', 'a', 'b']);
  expect(await listProfiles(fileURLToPath(new URL('../../', import.meta.url)))).toContain('intel8260');
});

describe('a profile is', () => {
  it('a shipped one when it has a plain name, even with a file of that name around', async () => {
    const root = installed('a.yaml');
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'a'), 'mine');
    expect(await readProfile('a', { root, cwd })).toEqual({
      file: join(root, 'profiles/a.yaml'),
      text: 'text of a.yaml',
      name: 'a',
    });
    expect(await readProfile('a', { root, cwd: root })).toMatchObject({ file: 'profiles/a.yaml' });
  });

  it.each([
    ['./my.yaml', 'my.yaml', 'my'],
    ['my.yaml', 'my.yaml', 'my'],
    ['sub/my.own.yml', 'sub/my.own.yml', 'my.own'],
    ['./plain', 'plain', 'plain'],
    ['sub/../my.yaml', 'my.yaml', 'my'],
  ])('a file when it is written %s', async (wanted, file, name) => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'sub'));
    writeFileSync(join(cwd, file), 'mine');
    expect(await readProfile(wanted, { root: installed(), cwd })).toEqual({ file, text: 'mine', name });
    const path = join(cwd, wanted);
    expect(await readProfile(path, { root: installed(), cwd: installed() })).toMatchObject({
      file: path,
      name,
    });
  });
});

describe('what cannot be read', () => {
  it.each([
    ['intl8260', 'there is no profile "intl8260"; there are: intel8260, rtl8821. Did you mean intel8260?'],
    ['zzz', 'there is no profile "zzz"; there are: intel8260, rtl8821.'],
    ['..', 'there is no profile ".."; there are: intel8260, rtl8821.'],
    ['releases', 'there is no profile "releases"; there are: intel8260, rtl8821.'],
    ['', 'there is no profile ""; there are: intel8260, rtl8821.'],
  ])('%j is no name', async (wanted, message) => {
    const root = installed('intel8260.yaml', 'rtl8821.yaml', 'releases.yaml');
    await expect(readProfile(wanted, { root, cwd: root })).rejects.toMatchObject({ kind: 'usage', message });
  });

  it('a file that is not there, a folder, a file that is no text or has no end', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'folder'));
    writeFileSync(join(cwd, 'latin.yaml'), Buffer.from('a: \xe4', 'latin1'));
    symlinkSync('/dev/zero', join(cwd, 'endless.yaml'));
    const at = { root: installed(), cwd };
    await expect(readProfile('./none.yaml', at)).rejects.toMatchObject({
      kind: 'disk',
      message: 'cannot read none.yaml: no such file or directory',
    });
    await expect(readProfile('./folder', at)).rejects.toMatchObject({ kind: 'disk' });
    await expect(readProfile('./latin.yaml', at)).rejects.toMatchObject({
      kind: 'usage',
      message: 'latin.yaml is not UTF-8 text',
    });
    await expect(readProfile('./endless.yaml', at)).rejects.toMatchObject({ kind: 'usage' });
    await expect(readReleases('none.yaml', at)).rejects.toMatchObject({ kind: 'disk' });
  });

  it("airhive's own files: then it is not whole", async () => {
    const root = temporaryFolder();
    await expect(listProfiles(root)).rejects.toMatchObject({ kind: 'environment' });
    await expect(readProfile('x', { root, cwd: root })).rejects.toMatchObject({ kind: 'environment' });
    await expect(readReleases(undefined, { root, cwd: root })).rejects.toMatchObject({
      kind: 'environment',
      message: `a part of airhive is missing: ${join(root, 'profiles/releases.yaml')}`,
    });
  });
});

it('the pins are those of airhive, or of the file that is given', async () => {
  const root = installed('releases.yaml');
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'pins.yaml'), '\ufeffmine');
  expect(await readReleases(undefined, { root, cwd })).toMatchObject({ text: 'text of releases.yaml' });
  expect(await readReleases('pins.yaml', { root, cwd })).toEqual({ file: 'pins.yaml', text: '\ufeffmine' });
});
