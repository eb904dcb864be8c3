import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../machine.ts';

/** What is no part of the machine's state: the bench's own notes, and the commands' links. */
const NOTES =
  /^(bin|said-\d+|state\/(call-count|calls|fault|fault-met|hanging|pace|refusals|sleeps|sleepers|waiting))$/;
/** What every run removes before it does anything: that it is there counts, not what is in it. */
const WORK = /^var\/run\/airhive\/work\/|\/bundles\/[0-9a-f]+\.new\/|\/data\/site\.work\//;
/** The same with the folders themselves, and the names of the runs that have them: whoever is dead owns nothing. */
const REMAINS =
  /^var\/run\/airhive\/(work|vm_install|[^/]+\/vm_site)(\/|$)|\/bundles\/[0-9a-f]+\.new(\/|$)|\/data\/site\.work(\/|$)/;
/** What a boot makes anew. */
const RAM = /^(dev|var\/run|var\/spool\/lock|state)\//;
/** Larger ones are the sparse state disk, of which only the size counts. */
const LARGE = 8 << 20;

interface Entry {
  readonly mode: number;
  readonly folder?: true;
  readonly link?: string;
  readonly size?: number;
  readonly bytes?: Buffer;
}

/** A machine at one moment, with everything that is on its disk and in its RAM. */
export interface Moment {
  readonly digest: string;
  /** The digest without what a run that was killed leaves, and the next one removes first. */
  readonly tidy: string;
  /** The digest of what a power cut leaves. */
  readonly disk: string;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Remembers machines: reads only the files that have changed since the last look. */
export class Memory {
  private readonly seen = new Map<string, { key: string; entry: Entry; digest: string }>();

  look(machine: Machine): Moment {
    const entries = new Map<string, Entry>();
    const [all, tidy, disk] = [createHash('sha256'), createHash('sha256'), createHash('sha256')];
    const walk = (folder: string): void => {
      for (const name of readdirSync(join(machine.root, folder)).toSorted()) {
        const path = folder === '' ? name : `${folder}/${name}`;
        if (NOTES.test(path)) continue;
        const { entry, digest } = this.entryOf(machine.root, path);
        entries.set(path, entry);
        const line = `${path}\0${digest}\0`;
        if (!WORK.test(path)) all.update(line);
        if (!REMAINS.test(path)) tidy.update(line);
        if (!RAM.test(path) && !WORK.test(path)) disk.update(line);
        if (entry.folder) walk(path);
      }
    };
    walk('');
    return { digest: all.digest('hex'), tidy: tidy.digest('hex'), disk: disk.digest('hex'), entries };
  }

  private entryOf(root: string, path: string): { entry: Entry; digest: string } {
    const stat = lstatSync(join(root, path), { bigint: true });
    const mode = Number(stat.mode & 0o7777n);
    if (stat.isDirectory()) return { entry: { mode, folder: true }, digest: `folder ${mode}` };
    const key = `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.size}`;
    const known = this.seen.get(path);
    if (known?.key === key) return known;
    const fresh = { key, ...readEntry(join(root, path), mode, Number(stat.size), stat.isSymbolicLink()) };
    this.seen.set(path, fresh);
    return fresh;
  }
}

function readEntry(
  path: string,
  mode: number,
  size: number,
  isLink: boolean,
): { entry: Entry; digest: string } {
  if (isLink) {
    const link = readlinkSync(path);
    return { entry: { mode, link }, digest: `link ${link}` };
  }
  if (size > LARGE) return { entry: { mode, size }, digest: `${size} bytes ${mode}` };
  const bytes = readFileSync(path);
  return { entry: { mode, bytes }, digest: `${createHash('sha256').update(bytes).digest('hex')} ${mode}` };
}

/** Makes the machine what it was at that moment. */
export function restore(machine: Machine, moment: Moment): void {
  for (const name of readdirSync(machine.root))
    if (name !== 'bin') rmSync(join(machine.root, name), { recursive: true, force: true });
  for (const [path, entry] of moment.entries) write(join(machine.root, path), entry);
  // An attached image is a new file now.
  for (const unit of readdirSync(join(machine.state, 'md'))) {
    const [image = '', , option = ''] = machine.get(`md/${unit}`).split('\n');
    const inode = statSync(image, { throwIfNoEntry: false })?.ino ?? 0;
    machine.put(`md/${unit}`, `${image}\n${inode}\n${option}\n`);
  }
}

function write(path: string, { mode, folder, link, size, bytes }: Entry): void {
  if (folder) mkdirSync(path);
  else if (link !== undefined) {
    symlinkSync(link, path);
    return;
  } else writeFileSync(path, bytes ?? '');
  if (size !== undefined) truncateSync(path, size);
  chmodSync(path, mode);
}
