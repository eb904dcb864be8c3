import * as z from 'zod';
import { profileSchema } from '../../generators/profile/schema.ts';

/** A key of a profile as its schema has it, for the manual. */
export interface KeyReference {
  /** As messages name it, with `[]` for any entry of a list: `passthrough[].pci`. */
  readonly path: string;
  readonly description: string;
  /** Completes the sentence "it has to be ...", as it does in messages. */
  readonly allowed: string;
  /** The longest text; undefined for what is no text. */
  readonly longest: number | undefined;
  readonly required: boolean;
  /** As written in a profile. */
  readonly default: unknown;
  /** The keys of a group. */
  readonly keys: readonly KeyReference[];
  /** What each entry of a list is. */
  readonly entry: KeyReference | undefined;
}

/** Every key that a profile may have, in the order of the schema. */
export function profileReference(): KeyReference {
  return referenceOf(profileSchema, '');
}

function referenceOf(schema: z.core.$ZodType, path: string): KeyReference {
  const field = fieldOf(schema);
  const shape = field instanceof z.ZodObject ? Object.entries<z.core.$ZodType>(field.shape) : [];
  const list = listOf(field);
  return {
    path,
    description: z.globalRegistry.get(field)?.description ?? '',
    allowed: messageOf(field),
    longest: field instanceof z.ZodString ? (field.maxLength ?? undefined) : undefined,
    required: !isWrapped(schema),
    default: defaultOf(schema),
    keys: shape.map(([key, inner]) => referenceOf(inner, path === '' ? key : `${path}.${key}`)),
    entry: list && referenceOf(list.element, `${path}[]`),
  };
}

/** Some fields take a word or a list. */
function listOf(field: z.core.$ZodType): z.ZodArray | undefined {
  if (field instanceof z.ZodArray) return field;
  return field instanceof z.ZodUnion
    ? field.options.find((option): option is z.ZodArray => option instanceof z.ZodArray)
    : undefined;
}

/** Asked for directly: a failed parse, with all that an error carries, takes three times as long. */
function messageOf(field: z.core.$ZodType): string {
  const explain = field._zod.def.error as z.core.$ZodErrorMap | undefined;
  const message = explain?.({ code: 'custom', input: undefined });
  return typeof message === 'string' ? message : '';
}

/** What a user writes, without what is done when nothing is written and what is made of it. */
function fieldOf(schema: z.core.$ZodType): z.core.$ZodType {
  if (isWrapped(schema)) return fieldOf(schema.unwrap());
  return schema instanceof z.ZodPipe ? fieldOf(schema.in) : schema;
}

function isWrapped(schema: z.core.$ZodType): schema is z.ZodDefault | z.ZodPrefault | z.ZodOptional {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
}

function defaultOf(schema: z.core.$ZodType): unknown {
  const has = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return has ? schema.def.defaultValue : undefined;
}
