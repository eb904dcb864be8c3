import type { LineCounter } from 'yaml';
import type { Diagnostic } from '../errors.ts';
import { excerptOf } from './excerpt.ts';
import { formatPath, type Path } from './path.ts';
import type { Problem } from './problem.ts';

/** A text file by the name that messages use. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Where one value stands in the text, as offsets from its start. */
interface Place {
  /** Start of the key; undefined for list items and the top. */
  readonly key: number | undefined;
  readonly value: number;
  /** The text of a scalar before YAML made a number or a truth value of it. */
  readonly written: string | undefined;
}

/** The places of all values of a document, by path. */
export class Places {
  readonly #byPath = new Map<string, Place>();

  set(path: Path, place: Place): void {
    this.#byPath.set(JSON.stringify(path), place);
  }

  get(path: Path): Place | undefined {
    return this.#byPath.get(JSON.stringify(path));
  }

  /**
   * Offset for a problem with the value at `path`. For a value that is not in the file (left out, or a default) that
   * of the innermost group around it which is: its key, or its first character in a list.
   */
  offsetOf(path: Path, at: 'key' | 'value'): number {
    const own = this.get(path);
    if (own) return at === 'key' ? (own.key ?? own.value) : own.value;
    for (let length = path.length - 1; length >= 0; length--) {
      const around = this.get(path.slice(0, length));
      if (around) return around.key ?? around.value;
    }
    return 0;
  }
}

/** YAML text with its value and the places of everything in it. */
export interface YamlDocument {
  readonly source: Source;
  /** Undefined when the text is no usable YAML. */
  readonly value: unknown;
  readonly places: Places;
  readonly lines: LineCounter;
  /** Found while reading. */
  readonly problems: readonly Problem[];
}

/** The problems at their places, in the order of the file. */
export function toDiagnostics(document: YamlDocument, problems: readonly Problem[]): Diagnostic[] {
  return problems
    .map((problem) => toDiagnostic(document, problem))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function toDiagnostic({ source, places, lines }: YamlDocument, problem: Problem): Diagnostic {
  const offset = problem.offset ?? places.offsetOf(problem.path, problem.at ?? 'value');
  const { line, col: column } = lines.linePos(offset);
  const { severity, kind, message } = problem;
  return {
    severity,
    kind,
    file: source.file,
    line,
    column,
    path: formatPath(problem.path),
    message,
    excerpt: excerptOf(source.text, offset - column + 1),
  };
}
