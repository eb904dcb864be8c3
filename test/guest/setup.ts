import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { guestTree, textAt } from '../fixtures/machines.ts';
import { VARIANTS } from '../fixtures/profiles.ts';
import { officialPackages, openAlpine } from '../vm/base/alpine.ts';
import { buildApk, publicKey, type ApkPackage, type BuiltApk } from '../vm/base/apk.ts';
import { makeKey, writeRepositories } from '../vm/base/base.ts';
import { inRoot } from '../vm/base/chroot.ts';
import { lackingPackages } from '../vm/base/debian.ts';
import { BenchError } from '../vm/bench-error.ts';
import { runCommand } from '../vm/command.ts';
import { missingTools } from '../vm/tools.ts';

/** What the tests of this directory work with. */
export interface Parts {
  /** Alpine's installed root, with its shell, awk and apk. Never changed. */
  readonly alpine: string;
  /** What Alpine's init makes of the standard ISO, without an overlay. */
  readonly installed: string;
  /** Repositories: directories with `x86_64/`. */
  readonly standard: string;
  readonly mirror: string;
  /** As the mirror, with newer versions of what the ISO lacks. */
  readonly newer: string;
  /** What the ISO lacks, signed by a key of the same name that is not the guest's. */
  readonly forged: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    parts: Parts;
  }
}

const VM = new URL('../vm', import.meta.url).pathname;

/** Installs a list of packages from /repository into /made, as the init of Alpine's initramfs does: by apk, from nothing. */
const INSTALL = `set -e
mkdir -p /t /made && mount -t tmpfs tmpfs /t
mkdir -p /t/etc/apk/keys /t/proc /t/dev && cp /etc/apk/keys/* /t/etc/apk/keys/
mount -t proc proc /t/proc && mount -o bind /dev /t/dev
apk add --root /t --initdb --repository /repository --no-network --quiet "$@"
umount /t/proc /t/dev
cp -a /t/. /made/`;

const FETCHED = /^(iptables|dnsmasq)/;

/** The same package in a later version; those that ask for this very version go along. */
function later(apk: ApkPackage): ApkPackage {
  const entries = Object.entries(apk.fields);
  const fields = entries.map(([letter, value]) => [letter, value.replaceAll(/1\.8\.11-r1|2\.91-r0/g, '$&9')]);
  return { ...apk, fields: Object.fromEntries(fields) as Record<string, string> };
}

/** Writes the other repositories of Parts. */
async function prepareOthers(
  directory: string,
  built: readonly BuiltApk[],
  fetched: readonly ApkPackage[],
  key: ReturnType<typeof makeKey>,
): Promise<Pick<Parts, 'newer' | 'forged'>> {
  const kept = built.filter(({ name }) => !FETCHED.test(name));
  const newer = await Promise.all(fetched.map((apk) => buildApk(later(apk), key)));
  await writeRepositories(join(directory, 'newer'), [...kept, ...newer], key);
  const forger = makeKey();
  const forged = await Promise.all(fetched.map((apk) => buildApk(apk, forger)));
  await writeRepositories(join(directory, 'forged'), forged, forger);
  return { newer: join(directory, 'newer/apks/mirror'), forged: join(directory, 'forged/apks/mirror') };
}

async function prepare(directory: string): Promise<Parts> {
  const caches = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'airhive-vm');
  await mkdir(caches, { recursive: true, mode: 0o700 });
  const alpine = await openAlpine(caches);
  const key = makeKey();
  const built: BuiltApk[] = [];
  const lacking = await lackingPackages(join(VM, 'base/packages'));
  for (const apk of [...(await officialPackages(alpine)), ...lacking]) built.push(await buildApk(apk, key));
  await writeRepositories(directory, built, key);
  const fetched = lacking.filter(({ fields }) => FETCHED.test(fields.P ?? ''));
  const others = await prepareOthers(directory, built, fetched, key);
  const standard = join(directory, 'apks/standard');
  const root = join(directory, 'root');
  await mkdir(root);
  const words = [
    '-C',
    alpine.root,
    '--exclude=./lib/modules',
    '--exclude=./boot',
    '-cf',
    join(directory, 'root.tar'),
    '.',
  ];
  await runCommand('tar', words);
  await runCommand('tar', ['-C', root, '-xpf', join(directory, 'root.tar')]);
  await writeFile(join(root, 'etc/apk/keys', key.name), publicKey(key));
  await cp(standard, join(root, 'repository'), { recursive: true });
  const world = textAt(guestTree(VARIANTS.intel8260!), 'etc/apk/world').trim().split('\n');
  // With packages that are signed by another key than Alpine's, init adds openssl to look at the modloop.
  const made = await inRoot(root, ['sh', '-c', INSTALL, 'sh', ...world, 'openssl']);
  if (made.code !== 0) throw new Error(`apk cannot install the standard ISO: ${made.stdout}${made.stderr}`);
  return {
    alpine: alpine.root,
    installed: join(root, 'made'),
    standard,
    mirror: join(directory, 'apks/mirror'),
    ...others,
  };
}

export default async function setup({ provide }: TestProject): Promise<() => void> {
  const directory = mkdtempSync(join(tmpdir(), 'airhive-guest-'));
  const clear = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const missing = missingTools();
    if (missing.length > 0) throw new BenchError(missing.join('; '));
    provide('parts', await prepare(directory));
  } catch (error) {
    clear();
    if (!(error instanceof BenchError)) throw error;
    console.error(`test:guest: ${error.message}`);
    process.exit(4);
  }
  return clear;
}
