// Writes what is made from the schema of a profile and from the table of cards: the JSON Schema for editors, the manual page
// airhive-profile(5), docs/cards.md and the table for the host. All are committed, so that a build and an installation need none
// of this.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'airhive-schema-'));
try {
  // Compiled each time: never what an older schema said.
  const outfile = join(scratch, 'generated.cjs');
  const entryPoints = ['tools/manual/generated.ts'];
  await build({ absWorkingDir: root, entryPoints, outfile, bundle: true, format: 'cjs', platform: 'node' });
  const { generatedFiles } = createRequire(outfile)(outfile);
  const read = (path) => readFileSync(join(root, path), 'utf8');
  for (const [path, text] of Object.entries(generatedFiles)) writeFileSync(join(root, path), text(read));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
