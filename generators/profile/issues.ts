import * as z from 'zod';
import { describe } from './diagnostics.ts';
import {
  error,
  formatPath,
  unsupported,
  valueAt,
  wasRefused,
  type Path,
  type Problem,
  type YamlDocument,
} from './document.ts';

/* What a schema says of a document: its values, or else what is valid of them and everything that is not. */

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

/** What a schema makes of a document. */
export interface Reading<Schema extends z.ZodType> {
  /** There exactly when the schema has nothing against the document. */
  readonly data?: z.output<Schema>;
  readonly draft: Draft<Schema> | undefined;
  readonly problems: readonly Problem[];
}

/** Reads a document by a schema. Only of one that does not fit is the valid part searched for, key by key. */
export function readBy<Schema extends z.ZodType>(document: YamlDocument, schema: Schema): Reading<Schema> {
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return { data: parsed.data, draft: parsed.data as Draft<Schema>, problems: [] };
  return {
    draft: partOf(schema, document.value) as Draft<Schema> | undefined,
    problems: problemsOf(document, schema, parsed.error.issues),
  };
}

function salvage(schema: z.core.$ZodType, value: unknown): unknown {
  const whole = z.safeParse(schema, value);
  return whole.success ? whole.data : partOf(schema, value);
}

/** What is valid of a value that as a whole is not. */
function partOf(schema: z.core.$ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) {
    return Array.isArray(value) ? value.map((item) => salvage(inner.element, item)) : undefined;
  }
  if (!(inner instanceof z.ZodObject) || typeof value !== 'object' || value === null) return undefined;
  const written = new Map(Object.entries(value));
  return Object.fromEntries(
    Object.entries<z.core.$ZodType>(inner.shape).map(([key, field]) => [
      key,
      salvage(field, written.get(key)),
    ]),
  );
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wrapped ? unwrap(schema.unwrap()) : schema;
}

/** The schema of the value at `path`, without its default; undefined when the schema has no such place. */
export function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((around, step) => {
    if (around instanceof z.ZodArray) return unwrap(around.element);
    if (!(around instanceof z.ZodObject) || !Object.hasOwn(around.shape, step)) return undefined;
    return unwrap(around.shape[step] as z.core.$ZodType);
  }, unwrap(schema));
}

/** The keys of the group at `path`. */
export function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const group = schemaAt(schema, path);
  return group instanceof z.ZodObject ? Object.keys(group.shape) : [];
}

/** Paths of all groups and fields of a schema; list items are left out. */
export function allPaths(schema: z.core.$ZodType, path: Path = []): Path[] {
  return keysAt(schema, path).flatMap((key) => [[...path, key], ...allPaths(schema, [...path, key])]);
}

/** Everything that a schema has against a document, as problems with their full text. */
function problemsOf(
  document: YamlDocument,
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
): Problem[] {
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? unknownKeys(schema, issue) : [],
  );
  const meant = new Set(unknown.flatMap(({ meant: path }) => (path ? [formatPath(path)] : [])));
  const values = issues
    .filter((issue) => issue.code !== 'unrecognized_keys')
    .map((issue) => ({ issue, path: pathOf(issue), value: valueAt(document.value, pathOf(issue)) }))
    .filter(({ value }) => !wasRefused(value))
    // A misspelt key is one mistake, not an unknown key and a missing one.
    .filter(({ path, value }) => !(value === undefined && meant.has(formatPath(path))))
    .map(({ issue, path, value }) => valueProblem({ document, schema, issue, path, value }));
  return [...unknown.map(({ problem }) => problem), ...values];
}

export function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

interface BadValue {
  document: YamlDocument;
  schema: z.ZodType;
  issue: z.core.$ZodIssue;
  path: Path;
  value: unknown;
  /** Where `path` does not lead to it: an entry of what may be a list. */
  field?: z.core.$ZodType;
}

function valueProblem(bad: BadValue): Problem {
  const { document, schema, issue, path, value } = bad;
  const entry = wrongEntry(bad);
  if (entry) return entry;
  const reason = unsupportedReason(path.at(-1), value);
  if (reason !== undefined) return unsupported(path, `${reason}; got ${describe(value)}`);
  if (value === undefined) return error(path, `is missing; it has to be ${issue.message}`);
  const written = document.places.get(path)?.written;
  const got = `got ${describe(value, written)}`;
  if (issue.code === 'custom') return error(path, `${issue.message}; ${got}`);
  const field = bad.field ?? schemaAt(schema, path);
  const asText = typeof value === 'string' || !written || !field ? undefined : z.safeParse(field, written);
  // YAML makes a number of `14.3` and of `00`. Says so where the same characters in quotes would be right.
  if (asText?.success)
    return error(path, `has to be ${issue.message}; ${got}, so put it in quotes: "${written}"`);
  return error(path, `has to be ${asText?.error.issues[0]?.message ?? issue.message}; ${got}`);
}

/** Of a value that may be one text or a list, an entry that is no text: the whole would be reported as none of both. */
function wrongEntry(bad: BadValue): Problem | undefined {
  const { schema, path, value } = bad;
  const around = schemaAt(schema, path);
  const union = around instanceof z.ZodPipe ? around.in : around;
  if (!(union instanceof z.ZodUnion) || !Array.isArray(value)) return undefined;
  const list = union.options.find((option): option is z.ZodArray => option instanceof z.ZodArray);
  const index = value.findIndex((entry) => typeof entry === 'number');
  if (!list || index < 0) return undefined;
  const field = list.element;
  const [issue] = z.safeParse(field, value[index]).error?.issues ?? [];
  return (
    issue && valueProblem({ ...bad, issue, field, path: [...path, index], value: value[index] as unknown })
  );
}

/** Choices that exist in Alpine but that airhive cannot serve, with the reason: exit 3 instead of 2. */
const UNSUPPORTED: readonly { key: string; value: RegExp; reason: string }[] = [
  {
    key: 'flavor',
    value: /^(alpine-)?virt$/,
    reason:
      'the virt flavour cannot drive a Wi-Fi card: its kernel has no Wi-Fi drivers and its ISO no firmware; use standard or extended',
  },
  {
    key: 'kernel',
    value: /^(linux-)?virt$/,
    reason: 'the virt kernel has no Wi-Fi drivers; only lts kernels can serve a card that is passed through',
  },
  {
    key: 'arch',
    value: /^(x86|i[3-6]86|x86_32|ia32)$/,
    reason: 'a 32-bit guest is not supported: device and memory layout are made for x86_64; use x86_64',
  },
  {
    key: 'arch',
    value: /^(aarch64|arm64|armhf|armv7|ppc64le|s390x|riscv64|loongarch64|mips64)$/,
    reason: 'bhyve passes PCI cards through on x86_64 only; use x86_64',
  },
];

/** Why a value that Alpine has cannot be served; undefined for any other. */
export function unsupportedReason(key: string | number | undefined, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return UNSUPPORTED.find((entry) => entry.key === key && entry.value.test(value.toLowerCase()))?.reason;
}

interface UnknownKey {
  problem: Problem;
  /** The path that was probably meant. */
  meant: Path | undefined;
}

function unknownKeys(schema: z.ZodType, issue: z.core.$ZodIssueUnrecognizedKeys): UnknownKey[] {
  const around = pathOf(issue);
  const known = keysAt(schema, around);
  return issue.keys.map((key) => {
    const path = [...around, key];
    if (namesSecret(key, around))
      return { problem: { ...error(path, SECRET_KEY), at: 'key' }, meant: undefined };
    const meant = meantPath(schema, around, key);
    const hint = meant ? `did you mean ${formatPath(meant)}? ` : '';
    const message = `unknown key ${describe(key)}; ${hint}known here: ${known.join(', ')}`;
    return { problem: { ...error(path, message), at: 'key' }, meant };
  });
}

const SECRET_KEY =
  'networks and passphrases never go into a profile, which may be published; put them into a file of mode 0600 and ' +
  'give it with --secrets';

const SECRET_NAME =
  /^(ssids?|(wpa_?)?psk|pass_?(word|phrase|wd)|secrets?|sae_password|wep_key[0-9]?|private_key)$/i;

/** Whether an unknown key in the group `around` looks like something that only a secrets file may hold. */
export function namesSecret(key: string, around: Path): boolean {
  return SECRET_NAME.test(key) || (around.at(-1) === 'wifi' && /^networks?$/i.test(key));
}

/** A key of the same group that looks alike, else the same key in another group. */
function meantPath(schema: z.ZodType, around: Path, key: string): Path | undefined {
  const near = nearestName(key, keysAt(schema, around));
  return near === undefined ? allPaths(schema).find((path) => path.at(-1) === key) : [...around, near];
}

/** The known name that `written` was most likely meant to be; undefined when none is close. Ties: the first one. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
    .filter(
      ({ name, distance }) => distance <= Math.max(1, Math.floor(Math.min(name.length, written.length) / 3)),
    );
  return scored.reduce<(typeof scored)[number] | undefined>(
    (best, candidate) => (best && best.distance <= candidate.distance ? best : candidate),
    undefined,
  )?.name;
}

/**
 * Edit distance with neighbouring letters swapped counted as one step (optimal string alignment), because `memroy`
 * is a commoner slip than two wrong letters.
 */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const steps = [
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      ];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) steps.push((older[column - 2] ?? 0) + 1);
      current.push(Math.min(...steps));
    }
    older = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
