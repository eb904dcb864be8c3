// Bundles the bench into .build/vm.js and runs it: node test/vm/run.js [--only PATTERN] [--keep] [--soak] ...
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outfile = `${root}.build/vm.js`;

await build({
  absWorkingDir: root,
  entryPoints: ['test/vm/main.ts'],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'inline',
  packages: 'external',
});
process.setSourceMapsEnabled(true);
const { main } = await import(outfile);
process.exitCode = await main(root, process.argv.slice(2));
