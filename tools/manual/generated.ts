import { profileJsonSchema } from '../../generators/profile/schema.ts';
import { profilePage } from './profile-page.ts';

/** The files that are made from the schema and committed, by their paths. `npm run schema` writes them. */
export const generatedFiles: Readonly<Record<string, () => string>> = {
  'profiles/profile.schema.json': profileJsonSchema,
  'overlays/host/man/airhive-profile.5': profilePage,
};
