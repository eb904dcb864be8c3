import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../tools/manual/generated.ts';

it.each(Object.entries(generatedFiles))(
  '%s is what the schema gives; if not: npm run schema',
  (path, text) => {
    const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
    expect(read(path)).toBe(text(read));
  },
);
