// What a publishing CI does, runnable anywhere; a workflow only calls it (docs/publish.md).
//   ci.js bundle NAME|--all [options of build]
//       builds a profile, or each that airhive ships, with ISO, packages and firmware required (not with --offline), checks
//       what was made as a stranger would, makes it again from what is in it, writes NAME.cdx.json and NAME.sha256 beside it
//   ci.js release TAG DIR [--branch REF] [--sign COMMAND]
//       DIR has the files of all profiles that airhive ships: checks tag, branch, changelog and sums, writes NOTES.md and
//       SHA256SUMS; COMMAND is run in DIR with the name of SHA256SUMS behind it, and signs it
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const USAGE =
  'usage: ci.js bundle NAME|--all [options of build] | release TAG DIR [--branch REF] [--sign COMMAND]';
const root = fileURLToPath(new URL('..', import.meta.url));
const airhive = join(root, 'bin/airhive.cjs');

/** Ends the run with one line on standard error. */
function refuse(code, message) {
  console.error(`error: ${message}`);
  process.exit(code);
}

/** Runs airhive; its messages go through, its result comes back. Ends with its exit code when it fails. */
function run(...args) {
  const { status, stdout } = spawnSync(process.execPath, [airhive, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let result;
  try {
    result = JSON.parse(stdout);
  } catch {
    return refuse(status || 70, `airhive ${args[0]} ended without a result`);
  }
  return status === 0 ? result : refuse(status ?? 70, result.error.message);
}

function content(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    return refuse(
      4,
      `${path} cannot be read (${error.code}): "ci.js bundle NAME" makes the files of a profile`,
    );
  }
}

const digestOf = (path) => createHash('sha256').update(content(path)).digest('hex');

/** What sha256sum -c reads in the directory of the files. */
const sumsOf = (paths) => paths.map((path) => `${digestOf(path)}  ${basename(path)}\n`).join('');

const profileNames = () => run('profiles').profiles.map((profile) => profile.name);

/** Those of the options of build that say where files are looked for and whose are believed. */
function searching(options) {
  return options.flatMap((option, at) => {
    if (option === '--offline') return [option];
    return ['--mirror', '--releases', '--cache', '--keys'].includes(option)
      ? [option, options[at + 1] ?? '']
      : [];
  });
}

function bundle(name, options) {
  const required = options.includes('--offline') ? [] : ['--require-complete'];
  const { artefacts, packages, firmware } = run('build', '--profile', name, ...required, ...options);
  const [directory] = artefacts;
  const base = directory.replace(/\/$/, '');
  const packed = artefacts.filter((path) => path === `${base}.tar` || path === `${base}.pkg`);
  run('verify', '--public', directory);
  run('verify', '--public', '--rebuild', `${base}.tar`, ...searching(options));
  copyFileSync(join(directory, 'sbom.cdx.json'), `${base}.cdx.json`);
  const published = [...packed, `${base}.cdx.json`];
  const sums = `${base}.sha256`;
  rmSync(sums, { force: true });
  // Without sums there is no release of it.
  if (!packages.deferred && !firmware.deferred) {
    writeFileSync(sums, sumsOf(published));
    published.push(sums);
  }
  console.log(published.join('\n'));
}

/** The section of CHANGELOG.md for this version, without its heading. */
function changesOf(version) {
  const sections = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split(/^## /m);
  const changes = sections
    .find((section) => section.startsWith(`${version}\n`))
    ?.slice(version.length)
    .trim();
  return (
    changes ||
    refuse(4, `CHANGELOG.md has no section "## ${version}": move what is not released yet below it`)
  );
}

/** The commit that is checked out must be in the history of this branch. */
function isOnBranch(branch) {
  const { status } = spawnSync('git', ['merge-base', '--is-ancestor', 'HEAD', branch], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) refuse(4, `the commit is not on ${branch}: release only what was merged`);
}

/** Files of one profile in `directory`, compared with the sums that the job which built them wrote. */
function filesOf(directory, name) {
  const lines = content(join(directory, `${name}.sha256`))
    .toString()
    .trimEnd()
    .split('\n');
  return lines.map((line) => {
    const [digest, file] = line.split('  ');
    const path = join(directory, basename(file ?? ''));
    if (digestOf(path) !== digest) refuse(6, `${path}: checksum mismatch with ${name}.sha256`);
    return path;
  });
}

/** The release notes: what has changed, and how to check what was downloaded. */
const notesOf = (changes, tag) => `${changes}

## Check what you have downloaded

\`\`\`sh
sha256sum --ignore-missing -c SHA256SUMS
npm run airhive -- verify --public --rebuild NAME.tar   # with airhive ${tag}
\`\`\`

How to check who built it: docs/publish.md.
`;

function release(tag, directory, { branch, sign }) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (tag !== `v${version}`) refuse(4, `the tag is ${tag}, and package.json says version ${version}`);
  const changes = changesOf(version);
  if (branch !== undefined) isOnBranch(branch);
  const files = profileNames().flatMap((name) => filesOf(directory, name));
  const known = new Set([...files.map((path) => basename(path)), 'NOTES.md']);
  const foreign = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !known.has(name) && !name.startsWith('SHA256SUMS') && !name.endsWith('.sha256'));
  if (foreign.length > 0) refuse(4, `${directory} has files of no profile: ${foreign.join(', ')}`);
  for (const path of files.filter((file) => file.endsWith('.tar'))) {
    const made = run('verify', '--public', path).airhive;
    if (made !== version)
      refuse(4, `${path} was made by airhive ${made}, and this is ${version}: build it again`);
  }
  const sums = join(directory, 'SHA256SUMS');
  writeFileSync(join(directory, 'NOTES.md'), notesOf(changes, tag));
  writeFileSync(sums, sumsOf(files));
  if (sign) signed(sign, sums);
  console.log([...files, sums].join('\n'));
}

/** The command is a shell's, as keys and their programs need options; it gets the path as its last argument. */
function signed(command, path) {
  const { status } = spawnSync('/bin/sh', ['-c', `${command} "$1"`, 'sign', basename(path)], {
    cwd: dirname(path),
    stdio: 'inherit',
  });
  if (status !== 0) refuse(4, `${path} is not signed: "${command}" ended with ${status}`);
}

/** The values of these options, and the other words. */
function parsed(words, names) {
  const [options, rest] = [{}, []];
  for (let at = 0; at < words.length; at += 1) {
    const name = names.find((known) => words[at] === `--${known}`);
    if (name === undefined) rest.push(words[at]);
    else options[name] = words[(at += 1)] || refuse(2, USAGE);
  }
  return { options, rest };
}

const [verb, ...words] = process.argv.slice(2);
if (verb === 'bundle' && (words[0] === '--all' || /^[^-]/.test(words[0] ?? ''))) {
  const [name, ...options] = words;
  for (const one of name === '--all' ? profileNames() : [name]) bundle(one, options);
} else if (verb === 'release') {
  const { options, rest } = parsed(words, ['branch', 'sign']);
  const [tag, directory] = rest;
  if (rest.length !== 2 || tag.startsWith('-')) refuse(2, USAGE);
  release(tag, directory, options);
} else {
  refuse(2, USAGE);
}
