import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tableOf } from '../../generators/profile/cards.ts';
import { readListing, wifiDevices, type ListedDevice } from '../../generators/profile/listing.ts';
import { runInside, typed } from '../cli/command.ts';
import { ISO, RELEASES } from '../cli/projects.ts';
import { LAPTOPS, LISTINGS, type Listed } from '../fixtures/listings.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { firmwareApk } from '../packages/firmware-packages.ts';
import { apkOf, indexOf, MAIN, PACKAGES, SIGNER } from '../packages/repository.ts';
import { laptop } from './installing.ts';
import { PCICONF } from './laptop.ts';
import type { Machine } from './machine.ts';

/** The airhive of this checkout, with the table that is shipped. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const TABLE = tableOf({ file: 'cards.yaml', text: readFileSync(join(ROOT, 'profiles/cards.yaml'), 'utf8') });

/** A mirror that has every package of the guest, and each with the firmware that the table names, but with other bytes. */
async function mirror(): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Set<string>>();
  for (const { package: name, firmware = [] } of TABLE.all) {
    if (name === undefined) continue;
    const known = files.get(name) ?? new Set();
    for (const file of firmware.flatMap((names) => names.split('|'))) known.add(file.replace('*', '99'));
    files.set(name, known);
  }
  const packages = await Promise.all([
    ...PACKAGES.map((fields) => apkOf(fields)),
    ...[...files].map(([name, names]) =>
      firmwareApk(
        name,
        [...names].map((file) => [`${file}.zst`, file]),
      ),
    ),
  ]);
  const index = await indexOf(packages.map(({ record }) => `${record}\n`).join(''));
  return new Map([
    [`${MAIN}/APKINDEX.tar.gz`, index],
    ...packages.map(({ file, bytes }) => [`${MAIN}/${file}`, bytes] as const),
  ]);
}

let mirrored: Promise<ReadonlyMap<string, Buffer>> | undefined;

/** What a person does without an editor: init with the listing, build. Returns the directory of the bundle. */
async function bundleFrom(listing: string, ...argv: string[]): Promise<string> {
  const files = await (mirrored ??= mirror());
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'my.iso'), ISO);
  writeFileSync(join(cwd, SIGNER.name), SIGNER.publicKey);
  const world = {
    root: ROOT,
    cwd,
    stdin: typed(listing),
    http: (url: string) => {
      const bytes = files.get(url.replace('http://mirror.example/', ''));
      const headers = new Map([['content-length', String(bytes?.length ?? 0)]]);
      return Promise.resolve({
        status: bytes ? 200 : 404,
        headers,
        body: Readable.from(bytes ? [bytes] : []),
      });
    },
  };
  const written = await runInside(['init', '-', '--out', 'mine.yaml', ...argv], world);
  expect(written, written.stderr).toMatchObject({ code: 0 });
  const [, release = ''] = /^ *release: (\S+)$/m.exec(readFileSync(join(cwd, 'mine.yaml'), 'utf8')) ?? [];
  writeFileSync(join(cwd, 'pins.yaml'), RELEASES.replaceAll('3.24.1', release));
  const built = await runInside(
    [
      ...[
        'build',
        '--profile',
        './mine.yaml',
        '--releases',
        'pins.yaml',
        '--iso',
        'my.iso',
        '--cache',
        'cache',
      ],
      ...['--keys', '.', '--mirror', 'http://mirror.example', '--require-complete'],
    ],
    world,
  );
  expect(built, built.stderr).toMatchObject({ code: 0 });
  return join(cwd, 'dist/mine');
}

/** The card of a listing as FreeBSD 13 and later show it, whatever form the listing has. */
function lineOf({ driver, pci, id, subsystem = '' }: ListedDevice): string {
  const [[vendor, device], [subvendor, subdevice]] = [id.split(':'), subsystem.split(':')];
  const numbers = `vendor=0x${vendor} device=0x${device} subvendor=0x${subvendor} subdevice=0x${subdevice}`;
  return `${driver}@pci0:${pci.replaceAll('/', ':')}:\tclass=0x028000 rev=0x00 hdr=0x00 ${numbers}\n`;
}

/** A laptop with the card of the listing in the place of its own, with FreeBSD's driver as in the listing. */
function laptopWith(card: ListedDevice): Machine {
  const machine = laptop();
  const driver = card.driver.replace(/[0-9]$/, '');
  const isNative = !['none', 'ppt', 'somethinghere'].includes(driver);
  machine.put('pciconf', `${PCICONF.split('\n')[0] ?? ''}\n${lineOf({ ...card, driver: 'none0' })}`);
  machine.put('native', isNative ? `pci0:${card.pci.replaceAll('/', ':')} ${driver} if_${driver}\n` : '');
  machine.put('kernel-modules', `${machine.get('kernel-modules')}if_${driver}\n`);
  for (const file of [join(machine.etc, 'rc.conf'), join(machine.boot, 'loader.conf')]) {
    const lines = readFileSync(file, 'utf8').split('\n');
    const kept = isNative
      ? lines
      : lines.filter((line) => !/^(wlans|create_args_wlan|ifconfig_wlan|if_iwm)/.test(line));
    const text = kept
      .join('\n')
      .replaceAll('if_iwm', `if_${driver}`)
      .replaceAll('iwm0', `${driver.replace('_pci', '')}0`);
    writeFileSync(file, isNative ? text : text.replace(`if_${driver} `, ''));
  }
  machine.play('boot');
  return machine;
}

/** A laptop with the card of a listing, and on it the bundle that init and build make of that. */
async function prepared({ text }: Listed, ...argv: string[]): Promise<Machine> {
  const [card] = wifiDevices(readListing(text).devices, (id) => TABLE.withId(id).length > 0);
  const machine = laptopWith(card!);
  const options = ['--freebsd', '14.3', '--country', 'DE', '--directory', machine.directory, ...argv];
  const bundle = await bundleFrom(text, ...options);
  rmSync(machine.bundle, { recursive: true });
  cpSync(bundle, machine.bundle, { recursive: true });
  return machine;
}

const seen = new Set<string>();
/** Each card once with each driver of FreeBSD that it was seen with. */
const POSSIBLE = [...LAPTOPS, ...LISTINGS].filter(({ text, id, verdict }) => {
  const kind = `${id} ${/^ *([a-z_]+)[0-9]*@.*class=0x0280/m.exec(text)?.[1]}`;
  return verdict !== 'never' && !seen.has(kind) && seen.add(kind);
});

/** Some of them; a driver of FreeBSD has the card, or none, or ppt. */
function named(...names: readonly string[]): Listed[] {
  const found = POSSIBLE.filter(({ name }) => names.includes(name));
  expect(found).toHaveLength(names.length);
  return found;
}

const WARNINGS = {
  none: [],
  caution: [expect.stringMatching(/MT7922.*[Tt]he reset that bhyve uses \(FLR\)/)],
  native: [expect.stringMatching(/drives the card .* itself, with 802\.11n: a guest brings nothing more/)],
};

it.each(POSSIBLE)('$name: init, build, and vm_install check has nothing against it', async (listed) => {
  const { pci, id, note } = listed;
  const { code, said } = await (await prepared(listed)).call('vm_install', 'check');
  expect({ code, errors: said.match(/^error .*/gm) }, said).toEqual({ code: 0, errors: null });
  expect(said).toMatch(new RegExp(`^ok .*${id} at ${pci} has MSI`, 'm'));
  // Of the dock with a cable in it there is a warning on this laptop whatever the card is.
  const warnings = (said.match(/^warning .*/gm) ?? []).filter((line) => !line.includes('em0 gets'));
  expect(warnings).toEqual(WARNINGS[note ?? 'none']);
});

it.each(named('dell-latitude-7400', 'hp-250-15-6-inch-g9-notebook-pc', 'wifibox-issue-97'))(
  "$name: after apply and a reboot the card is the guest's",
  async (listed) => {
    const machine = await prepared(listed);
    const { code, said } = await machine.call('vm_install', 'apply', '--yes');
    expect(code, said).toBe(0);
    await machine.reboot();
    expect(machine.get('pciconf')).toContain(`ppt0@pci0:${listed.pci.replaceAll('/', ':')}:`);
    expect(readFileSync(join(machine.etc, 'rc.conf'), 'utf8')).not.toMatch(/^(wlans_|ifconfig_wlan0)/m);
  },
);

it.each(named('dell-latitude-7400', 'hp-250-15-6-inch-g9-notebook-pc', 'lenovo-thinkpad-x1-carbon-gen-8'))(
  '$name: a profile without a place finds the card there',
  async (listed) => {
    const machine = await prepared(listed, '--auto');
    const check = await machine.call('vm_install', 'check');
    expect(check, check.said).toMatchObject({ code: 0 });
    expect(check.said).toMatch(
      new RegExp(`^ok .*the card for the guest is .*${listed.id} at ${listed.pci}`, 'm'),
    );
    const { code, said } = await machine.call('vm_install', 'apply', '--yes');
    expect(code, said).toBe(0);
    await machine.reboot();
    expect(machine.get('pciconf')).toContain(`ppt0@pci0:${listed.pci.replaceAll('/', ':')}:`);
  },
);
