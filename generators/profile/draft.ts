import * as z from 'zod';
import type { Path } from './path.ts';

/**
 * The part of a document that is valid: the shape of the schema's output, with `undefined` wherever a value is missing
 * or wrong. Rules work on this, so that one mistake does not hide the others.
 */
export type Draft<Schema> =
  Schema extends z.ZodObject<infer Shape>
    ? { readonly [Key in keyof Shape]?: Draft<Shape[Key]> | undefined }
    : Schema extends z.ZodArray<infer Item>
      ? readonly (Draft<Item> | undefined)[]
      : Schema extends z.ZodDefault<infer Inner> | z.ZodPrefault<infer Inner> | z.ZodOptional<infer Inner>
        ? Draft<Inner>
        : z.output<Schema>;

/** Parses what it can of `value`; anything that does not fit is left out. */
export function draftOf<Schema extends z.ZodType>(schema: Schema, value: unknown): Draft<Schema> | undefined {
  return salvage(schema, value) as Draft<Schema> | undefined;
}

function salvage(schema: z.core.$ZodType, value: unknown): unknown {
  const whole = z.safeParse(schema, value);
  if (whole.success) return whole.data;
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) {
    return Array.isArray(value) ? value.map((item) => salvage(inner.element, item)) : undefined;
  }
  const shape = shapeOf(inner);
  if (!shape || typeof value !== 'object' || value === null) return undefined;
  const written = new Map(Object.entries(value));
  return Object.fromEntries(
    Object.entries(shape).map(([key, field]) => [key, salvage(field, written.get(key))]),
  );
}

function shapeOf(schema: z.core.$ZodType): z.core.$ZodShape | undefined {
  return schema instanceof z.ZodObject ? schema.shape : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wrapped ? unwrap(schema.unwrap()) : schema;
}

/** The schema of the value at `path`, without its default; undefined when the schema has no such place. */
export function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  const inner = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined) return inner;
  const next = stepInto(inner, step);
  return next && schemaAt(next, rest);
}

function stepInto(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  const shape = shapeOf(schema);
  return shape && Object.hasOwn(shape, step) ? shape[step] : undefined;
}

/** The keys of the group at `path`. */
export function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const found = schemaAt(schema, path);
  return Object.keys((found && shapeOf(found)) ?? {});
}

/** Paths of all groups and fields of a schema; list items are left out. */
export function allPaths(schema: z.core.$ZodType, path: Path = []): Path[] {
  const shape = shapeOf(unwrap(schema)) ?? {};
  return Object.entries(shape).flatMap(([key, field]) => [
    [...path, key],
    ...allPaths(field, [...path, key]),
  ]);
}
