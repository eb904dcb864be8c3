import { readFileSync } from 'node:fs';
import { encodeHostTable, tableOf, type CardTable } from '../../generators/profile/cards.ts';
import { profileJsonSchema } from '../../generators/profile/schema.ts';
import { profilePage } from './profile-page.ts';

/** The shipped table of cards. Seen from the root of airhive, where npm runs its scripts. */
function shippedTable(): CardTable {
  const file = 'profiles/cards.yaml';
  return tableOf({ file, text: readFileSync(file, 'utf8') });
}

/** The files that are made from the schema and the table of cards and committed, by their paths. `npm run schema` writes them. */
export const generatedFiles: Readonly<Record<string, () => string>> = {
  'profiles/profile.schema.json': profileJsonSchema,
  'overlays/host/man/airhive-profile.5': profilePage,
  'overlays/host/lib/cards.tsv': () => encodeHostTable(shippedTable()),
};
