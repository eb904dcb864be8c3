import fc from 'fast-check';

export interface SampleFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

// Letters in both cases and `~1` provoke clashes of short names; the rest are what FAT treats specially.
const ASCII = Array.from("aAbBzZ09.-_ ~1+,;=[]'$%@!(){}^#&`");
const BEYOND_ASCII = Array.from('éÉßжЖ日本€');

function nameFrom(characters: readonly string[]): fc.Arbitrary<string> {
  return fc
    .string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 45 })
    .map((name) => name.replace(/[. ]+$/, ''))
    .filter((name) => name !== '');
}

/**
 * Files in up to three levels of folders, with names that FAT allows. Paths that clash (by case, or a file where
 * another path has a folder) are left out.
 */
export function fileTrees(options: { beyondAscii: boolean }): fc.Arbitrary<SampleFile[]> {
  const name = nameFrom(options.beyondAscii ? [...ASCII, ...BEYOND_ASCII] : ASCII);
  const path = fc.array(name, { minLength: 1, maxLength: 4 });
  const bytes = fc.uint8Array({ maxLength: 1500 });
  return fc.array(fc.tuple(path, bytes), { maxLength: 12 }).map(withoutClashes);
}

function withoutClashes(candidates: readonly (readonly [readonly string[], Uint8Array])[]): SampleFile[] {
  const known = new Map<string, string>();
  const files: SampleFile[] = [];
  for (const [parts, bytes] of candidates) {
    const steps = parts.map((_, index) => {
      const text = parts.slice(0, index + 1).join('/');
      return { key: text.toUpperCase(), value: index < parts.length - 1 ? `folder ${text}` : `file ${text}` };
    });
    const clash = steps.some(({ key, value }) => known.has(key) && known.get(key) !== value);
    if (clash || known.has(steps.at(-1)!.key)) continue;
    for (const { key, value } of steps) known.set(key, value);
    files.push({ path: parts.join('/'), bytes });
  }
  return files;
}
