import { readFileSync } from 'node:fs';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSbom, type ProgramPackage, type SbomInputs } from '../../generators/formats/sbom.ts';
import type { LockedPackage } from '../../generators/packages/lock.ts';
import { variant } from '../fixtures/profiles.ts';

const SHA = 'a'.repeat(64);

const apk = (name: string, version: string, license: string): LockedPackage => ({
  ...{ name, version, arch: 'x86_64', repository: 'main', size: 1, checksum: 'b'.repeat(40), license },
  path: `v3.24/main/x86_64/${name}-${version}.apk`,
  sha256: SHA,
});

const PROGRAM: readonly ProgramPackage[] = [
  {
    ...{ name: 'b4a', version: '1.9.0', license: 'Apache-2.0', direct: false, dependsOn: [] },
    integrity: `sha512-${Buffer.alloc(64, 1).toString('base64')}`,
  },
  {
    ...{ name: '@scope/tar', version: '3.2.2', license: 'MIT', direct: true, dependsOn: ['b4a'] },
    integrity: `sha512-${Buffer.alloc(64, 2).toString('base64')}`,
  },
];

const FULL: SbomInputs = {
  version: '0.2.0',
  epoch: 1_781_308_800,
  profile: variant({}, 'intel8260'),
  program: PROGRAM,
  packages: [
    apk('iptables', '1.8.13-r0', 'GPL-2.0-or-later'),
    apk('libstdc++', '15.2.0-r2', 'GPL-2.0-or-later AND LGPL-2.1-or-later'),
  ],
  firmware: [
    {
      ...apk('linux-firmware-intel', '20260221-r0', 'custom'),
      arch: 'noarch',
      files: [
        { path: 'LICENCE.linux-firmware-intel', size: 1, sha256: SHA },
        { path: 'intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm.zst', size: 1, sha256: SHA },
      ],
    },
  ],
};
const EMPTY: SbomInputs = { ...FULL, program: [], packages: [], firmware: [] };

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly components?: readonly Component[];
  readonly [key: string]: unknown;
}
interface Document {
  readonly components: readonly Component[];
  readonly dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
  readonly metadata: { readonly component: Component; readonly timestamp: string };
  readonly compositions: readonly { assemblies?: readonly string[]; dependencies?: readonly string[] }[];
}
const read = (inputs: SbomInputs) => JSON.parse(encodeSbom(inputs)) as Document;
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const problems = (text: string) => validator.validate(text);

describe('the list of parts', () => {
  it.each([
    ['of a full bundle', FULL],
    ['of a bundle without packages and firmware', EMPTY],
  ])('%s is CycloneDX 1.6 by its official schema', async (_, inputs) => {
    expect(await problems(encodeSbom(inputs))).toBeNull();
  });

  it('and what is not would be seen', async () => {
    const wrong = [
      encodeSbom(FULL).replace('CycloneDX', 'SPDX'),
      encodeSbom(FULL).replace(/"SHA-256",\n(.*)a{64}/, '"SHA-256",\n$1xyz'),
      encodeSbom(FULL).replace('"type": "firmware"', '"type": "blob"'),
      encodeSbom(FULL).replace('"purl"', '"prul"'),
    ];
    for (const [index, text] of wrong.entries()) expect(await problems(text), String(index)).not.toBeNull();
  });

  it('has the ISO, airhive, its npm packages, every package and every firmware file', () => {
    const { components, metadata } = read(FULL);
    expect(components.map(({ type, name, version }) => `${String(type)} ${name} ${String(version)}`)).toEqual(
      [
        'operating-system alpine-standard 3.24.1',
        'application airhive 0.2.0',
        'library b4a 1.9.0',
        'library @scope/tar 3.2.2',
        'library iptables 1.8.13-r0',
        'library libstdc++ 15.2.0-r2',
        'firmware linux-firmware-intel 20260221-r0',
      ],
    );
    expect(components.at(-1)?.components?.map(({ name, hashes }) => [name, hashes])).toEqual([
      ['firmware/LICENCE.linux-firmware-intel', [{ alg: 'SHA-256', content: SHA }]],
      ['firmware/intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm.zst', [{ alg: 'SHA-256', content: SHA }]],
    ]);
    expect(metadata).toMatchObject({
      timestamp: '2026-06-13T00:00:00Z',
      component: { name: 'intel8260', version: '0.2.0' },
    });
    expect(components.map(({ purl }) => purl)).toEqual([
      'pkg:generic/alpine-standard@3.24.1?checksum=sha256:' +
        'f4dd613206676c62949144c8ad75fc64582099f444dd1485bae104a60f51dd26&file_name=alpine-standard-3.24.1-x86_64.iso',
      'pkg:generic/airhive@0.2.0',
      'pkg:npm/b4a@1.9.0',
      'pkg:npm/%40scope/tar@3.2.2',
      'pkg:apk/alpine/iptables@1.8.13-r0?arch=x86_64&distro=alpine-3.24',
      'pkg:apk/alpine/libstdc%2B%2B@15.2.0-r2?arch=x86_64&distro=alpine-3.24',
      'pkg:apk/alpine/linux-firmware-intel@20260221-r0?arch=noarch&distro=alpine-3.24',
    ]);
    expect(components[2]?.hashes).toEqual([{ alg: 'SHA-512', content: '01'.repeat(64) }]);
  });

  it.each([
    ['GPL-2.0-or-later', { expression: 'GPL-2.0-or-later' }],
    ['GPL-2.0+', { expression: 'GPL-2.0+' }],
    ['BSD-3-Clause AND (MIT OR Zlib)', { expression: 'BSD-3-Clause AND (MIT OR Zlib)' }],
    ['GPL-2.0-only WITH Linux-syscall-note', { expression: 'GPL-2.0-only WITH Linux-syscall-note' }],
    ['custom', { license: { name: 'custom' } }],
    ['MIT AND custom', { license: { name: 'MIT AND custom' } }],
    ['BSD GPL2', { license: { name: 'BSD GPL2' } }],
    ['custom:multiple', { license: { name: 'custom:multiple' } }],
  ])('the licence %s', (license, expected) => {
    const { components } = read({ ...EMPTY, packages: [apk('x', '1-r0', license)] });
    expect(components.at(-1)?.licenses).toEqual([expected]);
  });

  it('a package without a licence has none', () => {
    const { components } = read({ ...EMPTY, packages: [apk('x', '1-r0', '')] });
    expect(components.at(-1)?.licenses).toEqual([]);
  });

  it('every reference leads to something, and each name of a part is there once', () => {
    const { components, metadata, dependencies, compositions } = read(FULL);
    const all = [metadata.component, ...components, ...components.flatMap((one) => one.components ?? [])];
    const refs = all.map((one) => one['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    const used = [
      ...dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]),
      ...compositions.flatMap((one) => [...(one.assemblies ?? []), ...(one.dependencies ?? [])]),
    ];
    expect(used.filter((ref) => !refs.includes(ref))).toEqual([]);
    const dependsOn = (name: string) => {
      const ref = all.find((one) => one.name === name)!['bom-ref'];
      return dependencies.find((one) => one.ref === ref)?.dependsOn;
    };
    expect(dependsOn('@scope/tar')).toEqual(['pkg:npm/b4a@1.9.0']);
    expect(dependsOn('airhive')).toEqual(['pkg:npm/%40scope/tar@3.2.2']);
    expect(dependsOn('intel8260')).toHaveLength(5);
  });
});

it('any names, versions and licences give a document that fits, and the same one each time', async () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.+~-]{0,20}$/);
  const locked = fc.tuple(word, word, fc.string()).map((parts) => apk(...parts));
  const unique = fc.uniqueArray(locked, {
    selector: ({ name, version }) => `${name.toLowerCase()} ${version}`,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(unique, fc.nat(2_147_483_647), async (packages, epoch) => {
      const text = encodeSbom({ ...FULL, packages, epoch });
      expect(await problems(text)).toBeNull();
      expect(encodeSbom(structuredClone({ ...FULL, packages, epoch }))).toBe(text);
    }),
    { numRuns: 30 },
  );
});

it('what the program was made of is what its lock file says', () => {
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const program = JSON.parse(text('.build/packages.json')) as ProgramPackage[];
  const { packages } = JSON.parse(text('package-lock.json')) as {
    packages: Record<string, { version: string; integrity: string; license: string }>;
  };
  const names = program.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['commander', 'mustache', 'tar-stream', 'yaml', 'zod']));
  expect(names).not.toContain('esbuild');
  for (const { name, version, integrity, license } of program)
    expect(packages[`node_modules/${name}`]).toMatchObject({ version, integrity, license });
  expect(JSON.stringify(program)).not.toMatch(/https?:/);
});
