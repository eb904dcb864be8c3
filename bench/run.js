// Prints ratios of medians of whole processes, two things side by side in turn: A B A B ... The machine's speed drifts;
// the ratio of neighbours drifts less. Nothing is judged here.
//   npm run bench [-- RUNS]
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const airhive = fileURLToPath(new URL('../bin/airhive.cjs', import.meta.url));
const runs = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), 'airhive-bench-'));
const ISO_SIZE = 369098752;

function time(command, args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${String(stderr)}`);
  return performance.now() - started;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function compare(name, ours, theirs) {
  const times = { ours: [], theirs: [] };
  for (let run = -1; run < runs; run++) {
    const pair = { ours: time(...ours), theirs: time(...theirs) };
    // The first pair only warms the caches.
    if (run >= 0) for (const side of ['ours', 'theirs']) times[side].push(pair[side]);
  }
  const [a, b] = [median(times.ours), median(times.theirs)];
  console.log(
    `${name}: ${(a / b).toFixed(2)}  (${a.toFixed(0)} ms against ${b.toFixed(0)} ms, medians of ${runs} pairs)`,
  );
}

/** The work of a build by stock tools: from the finished trees to overlay, vdisk, sums and tar, safely on the disk. */
const STOCK = `
rm -rf stock stock.tar && mkdir stock
tar -c --sort=name --owner=root:0 --group=root:0 --mtime=@0 -C guest etc root usr | gzip -9n >stock/airhive.apkovl.tar.gz
mkfs.vfat -C stock/disk0.img $(($(wc -c <trees/intel8260/disk0.img) / 1024)) -n AIRHIVE >/dev/null
mcopy -i stock/disk0.img stock/airhive.apkovl.tar.gz ::
cp -r host/. stock/
(cd stock && find . -type f ! -name SHA256SUMS | sort | xargs sha256sum >SHA256SUMS)
tar -cf stock.tar stock
find stock stock.tar -type f -exec sync {} +
`;

/** A file of the ISO's size that is no ISO; its pin is written beside it. */
function fakeIso() {
  const path = join(folder, 'alpine-standard-3.24.1-x86_64.iso');
  const handle = openSync(path, 'w');
  const block = Buffer.alloc(1024 * 1024);
  const hash = createHash('sha256');
  for (let done = 0; done < ISO_SIZE; done += block.length) {
    block.writeUInt32LE(done, 0);
    const part = block.subarray(0, Math.min(block.length, ISO_SIZE - done));
    hash.update(part);
    writeSync(handle, part);
  }
  closeSync(handle);
  // As a file of the cache is, so that it is linked into the bundle and not copied.
  chmodSync(path, 0o444);
  const pins = `- {release: 3.24.1, flavor: standard, arch: x86_64, kernel: lts, file: alpine-standard-3.24.1-x86_64.iso,
  sha256: ${hash.digest('hex')}, size: ${ISO_SIZE}, witnesses: 1, date: 2026-06-13, floor: 256M, lacks: [dnsmasq, iptables]}
`;
  writeFileSync(join(folder, 'pins.yaml'), pins);
  return path;
}

function prepareTrees() {
  const build = [
    'build',
    '--profile',
    'intel8260',
    '--offline',
    '--quiet',
    '--cache',
    'empty',
    '--out',
    'trees',
  ];
  time(process.execPath, [airhive, ...build]);
  mkdirSync(join(folder, 'guest'));
  time('tar', ['-xzf', 'trees/intel8260/airhive.apkovl.tar.gz', '-C', 'guest']);
  time('sh', [
    '-c',
    'cp -r trees/intel8260 host && rm host/airhive.apkovl.tar.gz host/disk0.img host/SHA256SUMS',
  ]);
}

try {
  prepareTrees();
  const iso = fakeIso();
  const build = [airhive, 'build', '--profile', 'intel8260', '--offline', '--quiet', '--out', 'ours'];
  const withIso = [...build, '--releases', 'pins.yaml', '--cache', 'cache'];
  compare(
    '--version / node -e 0',
    [process.execPath, [airhive, '--version']],
    [process.execPath, ['-e', '0']],
  );
  compare(
    'warm offline build / tar|gzip -9, mkfs.vfat, mcopy, sha256sum, tar',
    [process.execPath, [...build, '--cache', 'empty']],
    ['sh', ['-c', STOCK]],
  );
  time(process.execPath, [...withIso, '--iso', iso]);
  compare(
    'warm build with a 369 MB ISO / the same and openssl dgst -sha256',
    [process.execPath, [...withIso, '--iso', iso]],
    ['sh', ['-c', `${STOCK}\nopenssl dgst -sha256 "$0" >/dev/null`, iso]],
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
