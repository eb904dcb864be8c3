import { chmod, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { realpathSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { runCommand } from '../command.ts';
import { programPath } from '../tools.ts';

/** Numbers of the owner; root when left out. */
interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

export type TreeEntry = Owner &
  (
    | { readonly kind: 'file'; readonly mode: number; readonly content: Buffer }
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'directory'; readonly mode: number }
  );

/** A file system in memory: relative path without a leading slash to entry. `write` leaves owners to be root. */
export class Tree {
  readonly entries = new Map<string, TreeEntry>();

  directory(path: string, mode = 0o755): this {
    this.directoryIfAbsent(posix.dirname(path));
    this.entries.set(path, { kind: 'directory', mode });
    return this;
  }

  private directoryIfAbsent(path: string): void {
    if (path !== '.' && !this.entries.has(path)) this.directory(path);
  }

  file(path: string, content: Buffer | string, mode = 0o644): this {
    this.directoryIfAbsent(posix.dirname(path));
    this.entries.set(path, { kind: 'file', mode, content: Buffer.from(content) });
    return this;
  }

  link(path: string, target: string): this {
    this.directoryIfAbsent(posix.dirname(path));
    this.entries.set(path, { kind: 'link', target });
    return this;
  }

  /** Adds what lies below a folder; a file is executable here when it is so for its owner there. */
  async folder(source: string, target = ''): Promise<this> {
    for (const entry of await readdir(source, { withFileTypes: true })) {
      const from = join(source, entry.name);
      const to = posix.join(target, entry.name);
      if (entry.isSymbolicLink()) this.link(to, await readlink(from));
      else if (entry.isDirectory()) {
        this.directory(to);
        await this.folder(from, to);
      } else this.file(to, await readFile(from), statSync(from).mode & 0o100 ? 0o755 : 0o644);
    }
    return this;
  }

  /** Copies one file of this machine, following links. */
  async copy(source: string, target = source.replace(/^\//, '')): Promise<this> {
    return this.file(target, await readFile(source), statSync(source).mode & 0o755);
  }

  /** Writes the tree below a folder that is empty or absent. */
  async write(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const [path, entry] of this.entries) {
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      if (entry.kind === 'link') await symlink(entry.target, target);
      else if (entry.kind === 'file') {
        await writeFile(target, entry.content);
        await chmod(target, entry.mode);
      } else {
        await mkdir(target, { recursive: true });
        await chmod(target, entry.mode);
      }
    }
  }
}

const libraries = new Map<string, Promise<string[]>>();

/** The shared libraries of a program as the loader looks them up, the loader itself included. */
export function librariesOf(program: string): Promise<string[]> {
  let found = libraries.get(program);
  if (found === undefined) {
    found = runCommand('ldd', [program])
      .then((text) => [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? ''))
      .catch(() => []);
    libraries.set(program, found);
  }
  return found;
}

/** Adds programs of this machine at the given paths, and their libraries except those in `except`. */
export async function addPrograms(
  tree: Tree,
  programs: Readonly<Record<string, string>>,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const [target, name] of Object.entries(programs)) {
    const source = realpathSync(name.startsWith('/') ? name : programPath(name));
    await tree.copy(source, target);
    for (const library of await librariesOf(source)) {
      const path = library.replace(/^\//, '');
      if (!except.has(path)) await tree.copy(library, path);
    }
  }
}
