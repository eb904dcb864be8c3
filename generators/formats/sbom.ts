import type { LockedFirmware, LockedPackage } from '../packages/lock.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { dateText } from '../packages/lock.ts';

/** An npm package whose code is a part of airhive's program (tools/compile.js). */
export interface ProgramPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** As package-lock.json has it: `sha512-` and base64. */
  readonly integrity: string;
  /** Whether airhive itself asks for it. */
  readonly direct: boolean;
  /** Names of the others that it asks for. */
  readonly dependsOn: readonly string[];
}

/** What a list of parts is made from. */
export interface SbomInputs {
  /** airhive's own. */
  readonly version: string;
  readonly epoch: number;
  readonly profile: Pick<ResolvedProfile, 'name' | 'release' | 'alpine'>;
  readonly program: readonly ProgramPackage[];
  readonly packages: readonly LockedPackage[];
  readonly firmware: readonly LockedFirmware[];
}

interface Component {
  readonly type: string;
  readonly 'bom-ref': string;
  readonly [key: string]: unknown;
}

/** sbom.cdx.json, CycloneDX 1.6: what the bundle consists of. No random serial number, and the date is the bundle's. */
export function encodeSbom(inputs: SbomInputs): string {
  const { version, epoch, profile, program, packages, firmware } = inputs;
  const iso = isoComponent(profile);
  const airhive = airhiveComponent(version);
  const apks = packages.map((one) => packageComponent(one, profile, 'library'));
  const taken = firmware.map((one) => firmwareComponent(one, profile));
  const npm = program.map(programComponent);
  const bundle = { type: 'application', 'bom-ref': `bundle:${profile.name}`, name: profile.name, version };
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: dateText(epoch),
      tools: { components: [{ type: 'application', name: 'airhive', version }] },
      component: { ...bundle, description: 'A Wi-Fi gateway VM for a FreeBSD machine' },
    },
    components: [iso, airhive, ...npm, ...apks, ...taken],
    dependencies: [
      dependency(bundle, [iso, airhive, ...apks, ...taken]),
      dependency(
        airhive,
        npm.filter((_, index) => program[index]?.direct),
      ),
      ...npm.map((one, index) => dependency(one, namedIn(npm, program[index]?.dependsOn ?? []))),
    ],
    // What is on the ISO is not listed here, nor what the packages need of it.
    compositions: [
      { aggregate: 'incomplete', assemblies: [iso['bom-ref']] },
      { aggregate: 'incomplete', dependencies: [iso, ...apks, ...taken].map((one) => one['bom-ref']) },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function dependency(of: { readonly 'bom-ref': string }, on: readonly Component[]) {
  return { ref: of['bom-ref'], dependsOn: on.map((one) => one['bom-ref']) };
}

function namedIn(components: readonly Component[], names: readonly string[]): Component[] {
  return components.filter(({ name }) => names.includes(name as string));
}

function isoComponent({ release: pin, alpine }: SbomInputs['profile']): Component {
  const { release, flavor, file, path, sha256 } = pin;
  const query = `checksum=sha256:${sha256}&file_name=${encode(file)}`;
  return {
    type: 'operating-system',
    'bom-ref': `iso:${file}`,
    name: `alpine-${flavor}`,
    version: release,
    description: 'The ISO that the guest boots from. Not part of the bundle until it was fetched.',
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    cpe: `cpe:2.3:o:alpinelinux:alpine_linux:${release}:*:*:*:*:*:*:*`,
    purl: `pkg:generic/alpine-${flavor}@${release}?${query}`,
    externalReferences: alpine.mirrors.map((mirror) => ({
      type: 'distribution',
      url: `${mirror}/${path}`,
    })),
  };
}

function airhiveComponent(version: string): Component {
  const purl = `pkg:generic/airhive@${encode(version)}`;
  const description = 'Made the bundle, and is in it as the scripts of host and guest';
  return {
    type: 'application',
    'bom-ref': purl,
    name: 'airhive',
    version,
    description,
    licenses: licensesOf('MIT'),
    purl,
  };
}

function programComponent({ name, version, license, integrity }: ProgramPackage): Component {
  const purl = `pkg:npm/${name.split('/').map(encode).join('/')}@${encode(version)}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    description: "Part of airhive's program, not of the bundle",
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }],
    licenses: licensesOf(license),
    purl,
  };
}

function packageComponent(pkg: LockedPackage, { release }: SbomInputs['profile'], type: string): Component {
  const { name, version, arch, sha256, license } = pkg;
  const query = `arch=${encode(arch)}&distro=alpine-${release.branch.replace('v', '')}`;
  const purl = `pkg:apk/alpine/${encode(name.toLowerCase())}@${encode(version)}?${query}`;
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: licensesOf(license),
    purl,
  };
}

/** The package is not in the bundle, only the files that were taken out of it. */
function firmwareComponent(pkg: LockedFirmware, profile: SbomInputs['profile']): Component {
  const component = packageComponent(pkg, profile, 'firmware');
  return {
    ...component,
    description: 'Only these of its files are in the bundle',
    components: pkg.files.map(({ path, sha256 }) => ({
      type: 'file',
      'bom-ref': `${component['bom-ref']}#${path}`,
      name: `firmware/${path}`,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
    })),
  };
}

/** As the specification of purl has it: all but letters, digits, and . - _ ~ : is written as %XX. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}

const ID = '(?!(?:custom|none|unknown|public-domain)(?![A-Za-z0-9.-]))[A-Za-z0-9.-]+\\+?';
const SPDX = new RegExp(`^\\(*${ID}\\)*(?: (?:AND|OR|WITH) \\(*${ID}\\)*)*$`, 'i');

/** An SPDX expression, or words that are none, such as Alpine's `custom`. */
function licensesOf(license: string) {
  if (license === '') return [];
  return SPDX.test(license) ? [{ expression: license }] : [{ license: { name: license } }];
}
