import * as z from 'zod';
import { profileSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of a profile as written, for editors: text with a final newline. */
export function profileJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(profileSchema, { io: 'input' }), null, 2)}\n`;
}
