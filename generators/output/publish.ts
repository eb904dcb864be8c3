import { chmod, mkdir, readdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ignoringMissing,
  isAlive,
  isLocal,
  isThere,
  makeDirectories,
  newOwnedName,
  onDisk,
  ownerIn,
  syncDirectories,
  writeSafely,
} from '../disk.ts';
import { AirhiveError, systemCodeOf } from '../errors.ts';
import { treeOf, type File } from '../formats/tree.ts';
import type { Clock } from '../ports.ts';
import { checkKind, checkReplaceable, DATA } from './replaceable.ts';

// A build writes into a directory of its own, OUT/.NAME.work.HOST.PID.RANDOM. When all in it is safe on the disk it is
// renamed to OUT/.NAME.publish, which one build at a time can do, and that decides: whoever holds that name puts the new
// things in their places, and of a build that is killed meanwhile the next one does so. (No portable call swaps two
// directories, so OUT/NAME is missing for a moment.)

/** In a work directory: what becomes OUT/NAME, OUT/NAME.tar, OUT/NAME.pkg and OUT/NAME.site.img, and the bundle before. */
const [FRESH, TAR, PKG, SITE, OLD] = ['new', 'tar', 'pkg', 'site.img', 'old'] as const;
/** Milliseconds between two looks at a build that holds OUT/.NAME.publish, and until it is given up. */
const LOOK_PAUSE = 20;
const LOOK_TIMEOUT = 10_000;

export interface PublishPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told of things that do not stop a build. */
  readonly warn: (message: string) => void;
}

/** What lies beside the bundle. */
export interface Beside {
  readonly tar: Uint8Array;
  readonly pkg: Uint8Array;
  readonly site: Uint8Array | undefined;
}

/**
 * A bundle in the making, beside its place OUT/NAME. Builds of one name may run at the same time: the last one stays.
 * All methods throw AirhiveError `disk`; `discard` is called in the end, however that comes.
 */
export class Publication {
  readonly #out: string;
  readonly #name: string;
  readonly #bundle: string;
  readonly #publishing: string;
  readonly #work: string;
  readonly #ports: PublishPorts;
  /** The outermost directory that had to be made for OUT. */
  readonly #made: string | undefined;

  private constructor(out: string, made: string | undefined, name: string, ports: PublishPorts) {
    this.#out = out;
    this.#made = made;
    this.#name = name;
    this.#bundle = join(out, name);
    this.#publishing = join(out, `.${name}.publish`);
    this.#work = this.#newWork();
    this.#ports = ports;
  }

  /** Puts right what killed builds of this name left, and makes the place for a new one. */
  static async open(out: string, name: string, ports: PublishPorts): Promise<Publication> {
    const made = await onDisk('create', out, () => makeDirectories(out));
    await checkKind(await onDisk('read', out, () => realpath(out)), 'directory');
    const publication = new Publication(out, made, name, ports);
    try {
      await publication.#prepare();
    } catch (error) {
      await publication.discard();
      throw error;
    }
    return publication;
  }

  /** Becomes OUT/NAME. */
  get directory(): string {
    return join(this.#work, FRESH);
  }

  /** Writes the bundle's files, its tar, its package and what becomes OUT/NAME.site.img, safely on the disk. */
  async write(files: readonly File[], { tar, pkg, site }: Beside): Promise<void> {
    if (site) await checkKind(this.#beside(SITE), 'regular file');
    await onDisk('write', this.#out, async () => {
      for (const { type, path, mode } of treeOf(files)) {
        if (type === 'directory') await makeDirectory(join(this.directory, path), mode);
      }
    });
    await Promise.all([
      ...files.map(({ path, mode, bytes }) => writeSafely(join(this.directory, path), mode, bytes)),
      writeSafely(join(this.#work, TAR), 0o644, tar),
      writeSafely(join(this.#work, PKG), 0o644, pkg),
      ...(site ? [writeSafely(join(this.#work, SITE), 0o600, site)] : []),
    ]);
  }

  /** Puts them in place of the old ones, all at once. A site image stays when there is no new one. */
  async publish(): Promise<void> {
    const { clock, signal } = this.#ports;
    await onDisk('write', this.#out, async () => {
      const entries = await readdir(this.#work, { recursive: true, withFileTypes: true });
      const inside = entries.filter((entry) => entry.isDirectory());
      const mine = newOwnedName('owner');
      await writeFile(join(this.#work, mine), '');
      await syncDirectories(this.#work, ...inside.map((entry) => join(entry.parentPath, entry.name)));
      const giveUpAt = clock.monotonic() + LOOK_TIMEOUT;
      while (!(await renameUnlessTaken(this.#work, this.#publishing))) {
        if (await this.#finishKilled()) continue;
        if (clock.monotonic() > giveUpAt) throw await this.#stillHeld();
        await clock.sleep(LOOK_PAUSE, signal);
      }
      await this.#putInPlace(mine, this.#work);
      await syncDirectories(this.#out, this.#bundle);
    });
  }

  /** Removes what is left beside. */
  async discard(): Promise<void> {
    await this.#remove(this.#work);
    try {
      for (let path = this.#out; this.#made && path.length >= this.#made.length; path = dirname(path))
        await rmdir(path);
    } catch {
      // The bundle is in it, or another build uses it by now.
    }
  }

  #newWork(): string {
    return join(this.#out, newOwnedName(`.${this.#name}.work`));
  }

  /** OUT/NAME.tar, OUT/NAME.pkg, OUT/NAME.site.img */
  #beside(name: typeof TAR | typeof PKG | typeof SITE): string {
    return `${this.#bundle}.${name}`;
  }

  #checkReplaceable(): Promise<void> {
    return checkReplaceable(this.#name, this.#bundle, { tar: this.#beside(TAR), pkg: this.#beside(PKG) });
  }

  async #prepare(): Promise<void> {
    await onDisk('write', this.#out, async () => {
      // Nobody else may look into it: there may be a site image in it.
      await mkdir(this.#work, { mode: 0o700 });
      await this.#cleanUp();
      await this.#checkReplaceable();
      await makeDirectory(this.directory, 0o755);
    });
  }

  /** Ends the publication of a build that was killed in it, and removes what builds left that were killed before it. */
  async #cleanUp(): Promise<void> {
    await this.#finishKilled();
    for (const name of await readdir(this.#out)) {
      const owner = ownerIn(name, `.${this.#name}.work`);
      if (owner === undefined || (isLocal(owner) && isAlive(owner))) continue;
      const path = join(this.#out, name);
      if (!isLocal(owner)) {
        this.#ports.warn(
          `${path} belongs to a build on another machine; if that does not run any more, remove it`,
        );
        continue;
      }
      // To rename it is to take it. An owner that runs after all (a container has its own process numbers) fails.
      const mine = this.#newWork();
      if (await succeeds(rename(path, mine))) await this.#remove(mine);
    }
  }

  /** False when no killed build holds OUT/.NAME.publish. Of several processes one ends it: the one that gets the file. */
  async #finishKilled(): Promise<boolean> {
    const holder = await this.#holder();
    const owner = ownerIn(holder ?? '', 'owner');
    if (holder === undefined || owner === undefined || isAlive(owner)) return false;
    const mine = newOwnedName('owner');
    const taken = rename(join(this.#publishing, holder), join(this.#publishing, mine));
    if (!(await succeeds(taken))) return false;
    const rest = this.#newWork();
    try {
      await this.#putInPlace(mine, rest);
    } finally {
      await this.#remove(rest);
    }
    return true;
  }

  /** The name of the file that says which process holds OUT/.NAME.publish. */
  async #holder(): Promise<string | undefined> {
    const read = () => ignoringMissing(readdir(this.#publishing));
    return (await onDisk('read', this.#publishing, read))?.find((name) => name.startsWith('owner.'));
  }

  /** Ends a publication, whatever of it was done before; then OUT/.NAME.publish becomes the work directory `rest`. */
  async #putInPlace(mine: string, rest: string): Promise<void> {
    const at = (name: string) => join(this.#publishing, name);
    const replace = (from: string, to: string) =>
      onDisk('replace', to, () => ignoringMissing(rename(from, to)));
    try {
      // The last step of all.
      if (!(await isThere(at(FRESH)))) return;
      await this.#checkReplaceable();
      await onDisk('replace', this.#bundle, () => ignoringMissing(rename(this.#bundle, at(OLD))));
      await replace(at(SITE), this.#beside(SITE));
      await replace(at(TAR), this.#beside(TAR));
      await replace(at(PKG), this.#beside(PKG));
      await replace(at(FRESH), this.#bundle);
    } finally {
      // Not ours any more when another process took this one for dead.
      if (await isThere(at(mine))) {
        // The one undo: a bundle that was taken out of its place, which is still empty, goes back.
        if (!(await isThere(this.#bundle))) await ignoringMissing(rename(at(OLD), this.#bundle));
        await rename(this.#publishing, rest);
      }
    }
  }

  /** Removes a work directory, but for a machine's data. A failure must not hide how the build itself ended. */
  async #remove(work: string): Promise<void> {
    try {
      for (const data of [join(work, OLD, DATA), join(work, FRESH, DATA)]) {
        if (!(await isThere(data))) continue;
        const todo = `move it away, then remove ${work}`;
        this.#ports.warn(`${data} is the data of a machine and was left there; ${todo}`);
        return;
      }
      await onDisk('remove', work, () => rm(work, { recursive: true, force: true }));
    } catch (error) {
      this.#ports.warn(error instanceof Error ? error.message : String(error));
    }
  }

  async #stillHeld(): Promise<AirhiveError> {
    const holder = join(this.#publishing, (await this.#holder()) ?? '');
    return new AirhiveError('disk', `another build is putting ${this.#bundle} in place, as ${holder} says`, {
      hint:
        `wait for it; if it does not run any more, see that ${this.#bundle} is there ` +
        `(if not, it is ${join(this.#publishing, OLD)}), and remove ${this.#publishing}`,
    });
  }
}

/** The umask has a say in the mode of a mkdir. */
async function makeDirectory(path: string, mode: number): Promise<void> {
  await mkdir(path);
  await chmod(path, mode);
}

/** False when what was to be renamed is not there: another process was faster. */
async function succeeds(renaming: Promise<void>): Promise<boolean> {
  return (await ignoringMissing(renaming.then(() => true))) ?? false;
}

/** Renames a directory; false when there is one that is not empty. */
async function renameUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}
