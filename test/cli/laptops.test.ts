import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { LAPTOPS, LISTINGS, type Listed } from '../fixtures/listings.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { runInside } from './command.ts';

/** The airhive of this checkout, with the table that is shipped. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What a listing comes to: what init and validate say of it. */
async function replay({ text }: Listed, ...argv: string[]) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'listing.txt'), text);
  const written = await runInside(['init', 'listing.txt', '--out', 'mine.yaml', ...argv], {
    root: ROOT,
    cwd,
  });
  const profile = written.code === 0 ? readFileSync(join(cwd, 'mine.yaml'), 'utf8') : undefined;
  return { cwd, written, profile };
}

const VERSIONS: Readonly<Record<string, string>> = {
  // Reports from the development branch, which nobody has tried.
  'framework-laptop-13-amd-ryzen-7040-series': '15.0',
  'lenovo-thinkpad-e14-gen-2-intel': '15.0',
};

describe('real machines', () => {
  it('are as many as were published', () => {
    expect(LAPTOPS).toHaveLength(47);
  });

  it.each(LAPTOPS)('$name: $id at $pci, $verdict', async (listed) => {
    const version = VERSIONS[listed.name];
    if (version !== undefined) expect((await replay(listed)).written.code).toBe(3);
    await expectReplay(listed, ...(version === undefined ? [] : ['--freebsd', version]));
  });

  it.each(LISTINGS)('$name: $id at $pci, $verdict', async (listed) => {
    expect((await replay(listed)).written.stderr).toContain('--freebsd');
    await expectReplay(listed, '--freebsd', '14.3');
  });
});

/** What validate says beside ok. */
const NOTES = {
  none: [],
  caution: [expect.stringMatching(/MT7922.*the reset that bhyve uses \(FLR\)/)],
  native: [
    expect.stringMatching(/FreeBSD 1[45]\.\d itself drives .* with 802\.11n.*the VM brings nothing more/),
  ],
};

async function expectReplay(listed: Listed, ...argv: string[]): Promise<void> {
  const { pci, id, verdict, note } = listed;
  const { cwd, written, profile } = await replay(listed, ...argv);
  if (verdict === 'never') {
    expect(written).toMatchObject({ code: 3, stdout: '' });
    expect(written.stderr).toContain(`(${id} at ${pci}) does not work in a guest: `);
    return;
  }
  expect(written).toMatchObject({ code: 0, stdout: 'mine.yaml\n' });
  expect(parse(profile!)).toMatchObject({ passthrough: [{ pci, id }] });
  expect(profile).toContain(`# In a guest: ${verdict}. `);
  const validated = await runInside(['validate', '--json', './mine.yaml'], { root: ROOT, cwd });
  const { diagnostics } = JSON.parse(validated.stdout) as { diagnostics: { message: string }[] };
  expect(diagnostics.map(({ message }) => message)).toEqual(NOTES[note ?? 'none']);
  const built = await runInside(['build', '--offline', '--profile', './mine.yaml'], { root: ROOT, cwd });
  expect({ code: built.code, stdout: built.stdout }).toEqual({
    code: 0,
    stdout: 'dist/mine/\ndist/mine.tar\ndist/mine.pkg\n',
  });
  expect(readFileSync(join(cwd, 'dist/mine/vm.conf'), 'utf8')).toContain(`CARDS='${pci}=${id}'`);
}
