import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../tools/manual/generated.ts';

it.each(Object.entries(generatedFiles))(
  '%s is what the schema gives; if not: npm run schema',
  (path, text) => {
    expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text());
  },
);
