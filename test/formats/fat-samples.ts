import fc from 'fast-check';
import { encodeFat } from '../../generators/formats/fat.ts';

export interface SampleFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** 2026-06-13 00:00:00 UTC. */
export const RELEASE_DAY = 1781308800;

export const fatFile = (path: string, content = ''): SampleFile => ({ path, bytes: Buffer.from(content) });

/** What the vdisk looks like: the overlay, and a package repository below it. */
export const SAMPLE: readonly SampleFile[] = [
  fatFile('airhive.apkovl.tar.gz', 'overlay '.repeat(500)),
  fatFile('apks/.boot_repository'),
  fatFile('apks/x86_64/APKINDEX.tar.gz', 'index'),
  fatFile('apks/x86_64/iw-6.17-r0.apk', 'package'),
  fatFile('README.TXT', 'plain upper-case 8.3\n'),
];

export function imageOf(files: readonly SampleFile[], size = 128 * 1024, time = RELEASE_DAY): Uint8Array {
  return encodeFat({ label: 'AIRHIVE', files, time, size });
}

/** Files in a form that compares by path and content, whatever their order. */
export function byPath(files: readonly SampleFile[]): Map<string, Buffer> {
  return new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes)]));
}

// Letters in both cases and `~1` provoke clashes of short names; the rest are what FAT treats specially.
const name = fc
  .string({
    unit: fc.constantFrom(...Array.from("aAbBzZ09.-_ ~1+,;=[]'$%@!(){}^#&`")),
    minLength: 1,
    maxLength: 45,
  })
  .map((text) => text.replace(/[. ]+$/, ''))
  .filter((text) => text !== '');

/**
 * Files in up to three levels of directories, with names that FAT allows. Paths that clash (by case, or a file where
 * another path has a directory) are left out.
 */
export const fileTrees: fc.Arbitrary<SampleFile[]> = fc
  .array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.uint8Array({ maxLength: 1500 })), {
    maxLength: 12,
  })
  .map(withoutClashes);

function withoutClashes(candidates: readonly (readonly [readonly string[], Uint8Array])[]): SampleFile[] {
  const known = new Map<string, string>();
  const files: SampleFile[] = [];
  for (const [parts, bytes] of candidates) {
    const steps = parts.map((_, index) => {
      const text = parts.slice(0, index + 1).join('/');
      return { key: text.toUpperCase(), value: `${index < parts.length - 1 ? 'directory' : 'file'} ${text}` };
    });
    const clash = steps.some(({ key, value }) => known.has(key) && known.get(key) !== value);
    if (clash || known.has(steps.at(-1)!.key)) continue;
    for (const { key, value } of steps) known.set(key, value);
    files.push({ path: parts.join('/'), bytes });
  }
  return files;
}
