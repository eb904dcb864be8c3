import { stringify } from 'yaml';
import * as z from 'zod';

/* A profile as the bundle has it: every key in the order of the schema, defaults written out, no comments. */

const HEAD = `# The profile of this bundle, with every default written out. What a person wrote into comments is not here.
# "airhive verify --rebuild" makes the bundle again from it; airhive-profile(5) describes every key.
`;

/**
 * YAML that means what this value means to the schema. Written from the value as it was read and not from what the schema
 * makes of it, which has no way back to the text.
 * @param value one that the schema has accepted
 */
export function spelledOut(schema: z.core.$ZodType, value: unknown): string {
  // Other programs read YAML 1.1, where an unquoted NO is false.
  return HEAD + stringify(completed(schema, value), { lineWidth: 0, compat: 'yaml-1.1' });
}

function completed(schema: z.core.$ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return completed(schema.unwrap(), value === undefined ? schema.def.defaultValue : value);
  if (schema instanceof z.ZodOptional) return value === undefined ? value : completed(schema.unwrap(), value);
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.map((item) => completed(schema.element, item));
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
  const written = new Map<string, unknown>(Object.entries(value));
  const all = Object.entries<z.core.$ZodType>(schema.shape).map(([key, field]) => [
    key,
    completed(field, written.get(key)),
  ]);
  return Object.fromEntries(all.filter(([, one]) => one !== undefined));
}
