import { encodeHostTable, tableOf } from '../../generators/profile/cards.ts';
import { profileJsonSchema } from '../../generators/profile/schema.ts';
import { cardsPage } from './cards-page.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completion.ts';
import { profilePage } from './profile-page.ts';

/** Reads a file of the project, by its path from the top. */
type Read = (path: string) => string;

const CARDS = 'profiles/cards.yaml';

/** The files that are made from the schema, the table of cards and the list of the host's commands, and committed, by their paths. `npm run schema` writes them. */
export const generatedFiles: Readonly<Record<string, (read: Read) => string>> = {
  'profiles/profile.schema.json': profileJsonSchema,
  'overlays/host/man/airhive-profile.5': profilePage,
  'overlays/host/lib/cards.tsv': (read) => encodeHostTable(tableOf({ file: CARDS, text: read(CARDS) })),
  'overlays/host/completion/airhivectl.bash': bashCompletion,
  'overlays/host/completion/airhivectl.zsh': zshCompletion,
  'overlays/host/completion/airhivectl.fish': fishCompletion,
  'docs/cards.md': (read) => cardsPage(tableOf({ file: CARDS, text: read(CARDS) })),
};
