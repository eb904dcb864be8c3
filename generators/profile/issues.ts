import * as z from 'zod';
import type { YamlDocument } from './document.ts';
import { allPaths, keysAt, schemaAt } from './draft.ts';
import { namesSecret } from './excerpt.ts';
import { nearestName } from './nearest.ts';
import { wasRefused } from './parse.ts';
import { formatPath, valueAt, type Path } from './path.ts';
import { error, unsupported, type Problem } from './problem.ts';
import { unsupportedReason } from './unsupported.ts';
import { describe } from './visible.ts';

/** Everything that a schema has against a document, as problems with their full text. */
export function issueProblems(document: YamlDocument, schema: z.ZodType): Problem[] {
  const parsed = schema.safeParse(document.value);
  const issues = parsed.error?.issues ?? [];
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

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

interface BadValue {
  document: YamlDocument;
  schema: z.ZodType;
  issue: z.core.$ZodIssue;
  path: Path;
  value: unknown;
}

function valueProblem({ document, schema, issue, path, value }: BadValue): Problem {
  const reason = unsupportedReason(path.at(-1), value);
  if (reason !== undefined) return unsupported(path, `${reason}; got ${describe(value)}`);
  if (value === undefined) return error(path, `is missing; it has to be ${issue.message}`);
  const written = document.places.get(path)?.written;
  const got = `got ${describe(value, written)}${quotesHint(schema, path, value, written)}`;
  return error(
    path,
    issue.code === 'custom' ? `${issue.message}; ${got}` : `has to be ${issue.message}; ${got}`,
  );
}

/** YAML makes a number of `14.3` and of `00`. Says so where the same characters in quotes would be right. */
function quotesHint(schema: z.ZodType, path: Path, value: unknown, written: string | undefined): string {
  if (typeof value === 'string' || written === undefined || written === '') return '';
  const field = schemaAt(schema, path);
  return field && z.safeParse(field, written).success ? `, so put it in quotes: "${written}"` : '';
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

/** A key of the same group that looks alike, else the same key in another group. */
function meantPath(schema: z.ZodType, around: Path, key: string): Path | undefined {
  const near = nearestName(key, keysAt(schema, around));
  return near === undefined ? allPaths(schema).find((path) => path.at(-1) === key) : [...around, near];
}
