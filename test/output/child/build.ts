import { build } from 'esbuild';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiles the child's program into `folder` and returns its path. */
export async function buildPublisher(folder: string): Promise<string> {
  const outfile = join(folder, 'publish.mjs');
  const entry = fileURLToPath(new URL('publish.ts', import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Some dependencies are CommonJS and ask for Node's own modules through require().
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outfile;
}
