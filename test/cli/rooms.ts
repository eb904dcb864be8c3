import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../generators/formats/manifest.ts';
import { FakeClock } from '../inputs/clock.ts';
import { mirrorOf } from '../inputs/sandbox.ts';
import type { Mirror, MirrorFile } from '../mirror/mirror.ts';
import { firmwareApk, INTEL, type Entries } from '../packages/firmware-packages.ts';
import { apkOf, indexOf, MAIN, mirrorFiles, PACKAGES, SIGNER } from '../packages/repository.ts';
import { runInside } from './command.ts';
import { folderWith, ISO, PIN, profileText, RELEASES } from './projects.ts';

/** A user's directory with a profile, and a mirror with all that it asks for. */
export async function sandbox(groups: Readonly<Record<string, unknown>> = {}) {
  const cwd = folderWith({ 'pins.yaml': RELEASES, 'mine.yaml': profileText(groups) });
  mkdirSync(join(cwd, 'keys'));
  writeFileSync(join(cwd, 'keys', SIGNER.name), SIGNER.publicKey);
  const files: Record<string, MirrorFile> = { ...(await mirrorFiles()), [PIN.path]: ISO };
  const mirror = await mirrorOf(files);
  const words = ['--profile', './mine.yaml', '--releases', 'pins.yaml', '--keys', 'keys'];
  const run = (verb: string, from: Mirror | string, ...more: string[]) => {
    const url = typeof from === 'string' ? from : from.url;
    const cache = more.includes('--cache') ? [] : ['--cache', 'cache'];
    return runInside([verb, ...words, ...cache, '--mirror', url, ...more], { cwd, clock: new FakeClock() });
  };
  const at = (path: string): Buffer => readFileSync(join(cwd, path));
  const manifest = (out = 'dist') => JSON.parse(at(`${out}/mine/manifest.json`).toString()) as Manifest;
  return { cwd, files, mirror, run, at, manifest };
}

export const CARD = { passthrough: [{ pci: '4/0/0', id: '8086:2725', drivers: ['if_iwlwifi'] }] };

/** As `sandbox`, for a card that finds no firmware on the ISO, with the package that has it. */
export async function withFirmware(entries: Entries = INTEL) {
  const room = await sandbox(CARD);
  const apk = await firmwareApk('linux-firmware-intel', entries);
  const packages = await Promise.all(PACKAGES.map((fields) => apkOf(fields)));
  const text = [...packages, apk].map(({ record }) => `${record}\n`).join('');
  room.files[`${MAIN}/APKINDEX.tar.gz`] = await indexOf(text);
  room.files[`${MAIN}/${apk.file}`] = apk.bytes;
  return room;
}
