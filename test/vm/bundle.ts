import { link, mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, BootTools } from './check.ts';
import { runCommand } from './command.ts';
import { SERVER } from './air-config.ts';
import { startMirror } from '../mirror/mirror.ts';
import { publicKey } from './base/apk.ts';
import { makeKeyPair } from './keys.ts';
import type { KeyPair } from './keys.ts';

export type Keys = Readonly<Record<'admin' | 'tunnel' | 'host', KeyPair>>;

export interface Choice {
  readonly flavor: 'standard' | 'extended';
  /** Groups that replace those of the profile below. */
  readonly profile?: Readonly<Record<string, unknown>>;
  /** `networks:` of the file of secrets. Undefined: no site image at all, as in a public bundle. */
  readonly networks?: readonly Readonly<Record<string, unknown>>[];
  /** Groups that replace those of the file of secrets. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** With packages and firmware on the vdisk, from the bench's packages; else as built without a network. */
  readonly complete?: boolean;
}

/** What a boot starts from, made by `build`. */
export interface Bundle {
  readonly disk0: string;
  readonly loader: string;
  readonly site?: string;
  readonly flavor: Choice['flavor'];
}

const keysOf = new Map<string, Keys>();

/** The keys of a boot: its administrator's, the reverse tunnel's and the guest's own. Made at the first call. */
export async function keysFor({ folder }: Pick<BootTools, 'folder'>): Promise<Keys> {
  const known = keysOf.get(folder);
  if (known) return known;
  const [admin, tunnel, host] = await Promise.all([
    makeKeyPair(folder, 'admin'),
    makeKeyPair(folder, 'tunnel'),
    makeKeyPair(folder, 'guest_host'),
  ]);
  const keys = { admin, tunnel, host };
  keysOf.set(folder, keys);
  return keys;
}

/** The prescription's profile, but for the mirror: the bench's web server speaks no TLS. */
const profileOf = ({ flavor, profile }: Choice): Readonly<Record<string, unknown>> => ({
  alpine: { release: '3.24.1', flavor, mirrors: [`http://${SERVER.mirror}/alpine`] },
  passthrough: [{ pci: '4/0/0', id: '8086:24f3' }],
  network: { bridge: 'bridge0', tap: 'tap0', host: '172.24.1.49/24', guest: '172.24.1.1' },
  ssh: { reverse: true, port: 2210 },
  host: { directory: '/mnt/vm_bhyve/linuxguest', freebsd: '14.3' },
  ...profile,
});

/** Runs `airhive build` in a boot's folder. May be called again with other secrets. */
export async function buildBundle(tools: BootTools, choice: Choice): Promise<Bundle> {
  const { folder, root } = tools;
  await mkdir(join(folder, 'empty'), { recursive: true });
  const file = (name: string): string => join(folder, name);
  // JSON is YAML.
  await writeFile(file('bench.yaml'), JSON.stringify(profileOf(choice)));
  const withSite = choice.networks !== undefined;
  if (withSite) {
    const { admin, tunnel, host } = await keysFor(tools);
    const secrets = {
      networks: choice.networks,
      admin_keys: [admin.public],
      tunnel_keys: [tunnel.public],
      ssh_host_ed25519_key: host.private,
      ...choice.secrets,
    };
    await writeFile(file('secrets.yaml'), JSON.stringify(secrets), { mode: 0o600 });
  }
  const parts = choice.complete
    ? await completing(tools)
    : { words: ['--offline', '--cache', file('empty')], end: () => Promise.resolve() };
  await runCommand(process.execPath, [
    join(root, 'bin/airhive.cjs'),
    ...['build', '--quiet', '--profile', file('bench.yaml'), '--out', file('dist'), ...parts.words],
    ...(withSite ? ['--secrets', file('secrets.yaml')] : []),
  ]).finally(parts.end);
  const { flavor } = choice;
  const made = { disk0: file('dist/bench/disk0.img'), loader: file('dist/bench/grub.cfg'), flavor };
  return withSite ? { ...made, site: file('dist/bench.site.img') } : made;
}

/** What `build` needs to make a complete bundle: a mirror that has the bench's packages, their key, and a lock. */
async function completing({
  base,
  folder,
  root,
}: BootTools): Promise<{ words: string[]; end: () => Promise<void> }> {
  const pool = join(base.repository.mirror, 'x86_64');
  const names = await readdir(pool);
  const files = await Promise.all(
    names.map(async (name) => [`v3.24/main/x86_64/${name}`, await readFile(join(pool, name))] as const),
  );
  const mirror = await startMirror({ files: Object.fromEntries(files) });
  await mkdir(join(folder, 'keys'), { recursive: true });
  await writeFile(join(folder, 'keys', base.key.name), publicKey(base.key));
  const from = ['--mirror', mirror.url, '--keys', join(folder, 'keys'), '--cache', join(folder, 'cache')];
  const profile = ['--profile', join(folder, 'bench.yaml')];
  await runCommand(process.execPath, [join(root, 'bin/airhive.cjs'), 'lock', '--quiet', ...profile, ...from]);
  return { words: [...from, '--lock', join(folder, 'bench.lock.json')], end: () => mirror.close() };
}

/** Makes the site disk of a running machine anew, in place as the host would. */
export async function rewriteSite(bench: Bench, choice: Choice): Promise<void> {
  const { site } = bench.spec;
  if (site === undefined) throw new Error('this boot has no site disk');
  const kept = `${site}.attached`;
  // build puts a new file in its place, which QEMU would not see.
  await link(site, kept);
  await buildBundle(bench, choice);
  await writeInto(kept, await readFile(site));
  await rename(kept, site);
}

async function writeInto(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(content, 0, content.length, 0);
  await handle.close();
}

/** Waits until the guest has passed a ping from the host to the far side on: associated, leased, forwarding. */
export async function forwarding(bench: Bench, seconds: number): Promise<void> {
  const result = await bench.host.sh(
    `end=$(($(date +%s) + ${Math.ceil(seconds)}))
    until ping -c 1 -W 1 ${SERVER.address} >/dev/null; do
      [ "$(date +%s)" -lt $end ] || exit 1
      sleep 0.2
    done`,
    { timeout: seconds + 10 },
  );
  if (result.code !== 0) throw new Error(`nothing is forwarded within ${seconds} s: ${result.stderr}`);
}
