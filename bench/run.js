// Prints ratios of medians of whole processes, two things side by side in turn: A B A B ... The machine's speed drifts;
// the ratio of neighbours drifts less. Nothing is judged here.
//   npm run bench [-- RUNS]
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const airhive = fileURLToPath(new URL('../bin/airhive.cjs', import.meta.url));
const runs = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), 'airhive-bench-'));
const ISO_SIZE = 369098752;
// What the shipped profiles name.
const [, RELEASE] = /^ *release: (\S+)$/m.exec(
  readFileSync(new URL('../profiles/intel8260.yaml', import.meta.url), 'utf8'),
);

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
  const path = join(folder, `alpine-standard-${RELEASE}-x86_64.iso`);
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
  const pins = `- {release: ${RELEASE}, flavor: standard, arch: x86_64, kernel: lts, file: alpine-standard-${RELEASE}-x86_64.iso,
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

const REPOSITORY = 'mirror/v3.24/main/x86_64';

/** A tar archive of these files, with its end. */
function archiveOf(...names) {
  const args = ['-c', '--format=ustar', '-b', '2', ...names];
  return spawnSync('tar', args, { cwd: folder, maxBuffer: 2 ** 30 }).stdout;
}

/** With Alpine's kind of signature: two gzip streams, the first with an archive that holds the signature of the second. */
function signed(key, body) {
  const name = '.SIGN.RSA.bench.rsa.pub';
  writeFileSync(join(folder, name), createSign('RSA-SHA1').update(body).sign(key));
  return Buffer.concat([gzipSync(archiveOf(name).subarray(0, -1024)), body]);
}

/** Puts a package onto the mirror, with one file of so many bytes that do not pack. Returns its record of the index. */
function putPackage(key, name, path, size) {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), randomBytes(size));
  const data = gzipSync(archiveOf(path), { level: 1 });
  const digest = createHash('sha256').update(data).digest('hex');
  const info = `pkgname = ${name}\npkgver = 1-r0\narch = x86_64\ndatahash = ${digest}\n`;
  writeFileSync(join(folder, '.PKGINFO'), info);
  const control = gzipSync(archiveOf('.PKGINFO').subarray(0, -1024));
  const bytes = Buffer.concat([signed(key, control), data]);
  writeFileSync(join(folder, REPOSITORY, `${name}-1-r0.apk`), bytes);
  const checksum = createHash('sha1').update(control).digest('base64');
  const needs = name === 'iptables' ? 'D:libxtables libnftnl libmnl\n' : '';
  return `C:Q1${checksum}\nP:${name}\nV:1-r0\nA:x86_64\nS:${bytes.length}\n${needs}\n`;
}

/** Serves the directory until it is ended. */
const SERVER = `
const { createServer } = require('node:http');
const { readFileSync, writeFileSync } = require('node:fs');
const server = createServer(({ url }, response) => {
  try { response.end(readFileSync('mirror' + url)); } catch { response.writeHead(404).end(); }
});
server.listen(0, '127.0.0.1', () => writeFileSync('port', String(server.address().port)));
`;

/**
 * A profile whose card needs firmware, with packages and firmware of the sizes that Alpine's have, locked and in the cache.
 * Returns the shell commands that copy and hash the same files.
 */
function prepareComplete() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
  for (const directory of ['keys', REPOSITORY]) mkdirSync(join(folder, directory), { recursive: true });
  writeFileSync(join(folder, 'keys/bench.rsa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const profile = readFileSync(new URL('../profiles/intel8260.yaml', import.meta.url), 'utf8');
  const card = 'id: 8086:24f3';
  writeFileSync(
    join(folder, 'complete.yaml'),
    profile.replace(card, `${card}\n    firmware: [bench-1.ucode]`),
  );
  const sizes = { dnsmasq: 220e3, iptables: 350e3, libxtables: 40e3, libnftnl: 80e3, libmnl: 20e3 };
  const world = readFileSync(join(folder, 'guest/etc/apk/world'), 'utf8').trim().split('\n');
  const index = [
    ...world.map((name) => putPackage(privateKey, name, `usr/lib/${name}`, 100)),
    ...Object.entries(sizes).map(([name, size]) => putPackage(privateKey, name, `usr/lib/${name}`, size)),
    putPackage(privateKey, 'linux-firmware-other', 'lib/firmware/bench-1.ucode', 2e6),
  ];
  writeFileSync(join(folder, 'APKINDEX'), index.join(''));
  writeFileSync(
    join(folder, REPOSITORY, 'APKINDEX.tar.gz'),
    signed(privateKey, gzipSync(archiveOf('APKINDEX'))),
  );
  const server = spawn(process.execPath, ['-e', SERVER], { cwd: folder, stdio: 'ignore' });
  try {
    while (!existsSync(join(folder, 'port'))) spawnSync('sleep', ['0.1']);
    const mirror = `http://127.0.0.1:${readFileSync(join(folder, 'port'), 'utf8')}`;
    time(process.execPath, [airhive, 'lock', ...COMPLETE, '--mirror', mirror]);
  } finally {
    server.kill();
  }
  const files = Object.keys(sizes).map((name) => `${REPOSITORY}/${name}-1-r0.apk`);
  return `for file in ${files.join(' ')} lib/firmware/bench-1.ucode; do
cp "$file" stock/ && sha256sum "$file" && mcopy -i stock/disk0.img "$file" ::
done >/dev/null
sync stock/*`;
}

/** All shipped profiles in one process, against as many processes and against stock tools once for each. */
function compareMany() {
  const offline = ['--offline', '--quiet', '--cache', 'empty', '--out', 'ours'];
  const { stdout } = spawnSync(process.execPath, [airhive, 'profiles', '--json'], { encoding: 'utf8' });
  const names = JSON.parse(stdout).profiles.map((profile) => profile.name);
  const one = (name) => ['build', '--profile', name, ...offline];
  const singles = names.map((name) => `"$0" "$1" ${one(name).join(' ')} >/dev/null\n`).join('');
  const all = [process.execPath, [airhive, 'build', '--all', ...offline]];
  compare(`${names.length} bundles in one process / in ${names.length} processes`, all, [
    'sh',
    ['-c', singles, process.execPath, airhive],
  ]);
  compare(`${names.length} bundles in one process / stock tools ${names.length} times`, all, [
    'sh',
    ['-c', STOCK.repeat(names.length)],
  ]);
  const [few, many] = [1, 4].map((times) => peakOf(names, times));
  console.log(
    `peak memory, ${4 * names.length} bundles / ${names.length}: ${(many / few).toFixed(2)}  (${many} KB against ${few} KB)`,
  );
}

/** KB that a build of copies of these profiles has at most. */
function peakOf(names, times) {
  writeFileSync(
    join(folder, 'peak.cjs'),
    "process.on('exit', () => require('node:fs').writeFileSync('peak', String(process.resourceUsage().maxRSS)))",
  );
  mkdirSync(join(folder, 'copies'), { recursive: true });
  const copies = names.flatMap((name) =>
    Array.from({ length: times }, (_, at) => {
      const path = `copies/${name}-${at}.yaml`;
      cpSync(fileURLToPath(new URL(`../profiles/${name}.yaml`, import.meta.url)), join(folder, path));
      return ['--profile', path];
    }),
  );
  const args = ['build', ...copies.flat(), '--offline', '--quiet', '--cache', 'empty', '--out', 'ours'];
  time(process.execPath, ['--require', './peak.cjs', airhive, ...args]);
  return Number(readFileSync(join(folder, 'peak'), 'utf8'));
}

const COMPLETE = [
  '--profile',
  './complete.yaml',
  '--releases',
  'pins.yaml',
  '--keys',
  'keys',
  '--cache',
  'cache',
];

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
  compareMany();
  const copies = prepareComplete();
  const complete = [airhive, 'build', ...COMPLETE, '--iso', iso, '--offline', '--quiet', '--out', 'ours'];
  time(process.execPath, [...complete, '--require-complete']);
  compare(
    'complete warm build, packages and firmware in the cache / the same and cp, mcopy and sha256sum of these files',
    [process.execPath, complete],
    [
      'sh',
      [
        '-c',
        `${STOCK.replace('/ 1024', '/ 1024 + 3072')}\nopenssl dgst -sha256 "$0" >/dev/null\n${copies}`,
        iso,
      ],
    ],
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
