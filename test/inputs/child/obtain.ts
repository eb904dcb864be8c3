// The program of a child process: one obtainIso, told by the JSON in its first argument. Prints one JSON line for
// each step and one for the result; can end itself by SIGKILL at a point that no signal from outside can hit.
import { httpGet } from '../../../generators/inputs/http.ts';
import { obtainIso, type IsoRequest } from '../../../generators/inputs/iso.ts';
import { AirhiveError } from '../../../generators/errors.ts';
import { placeIso } from '../../../generators/output/place.ts';
import { realClock } from '../clock.ts';

export interface ChildOrder {
  readonly pin: IsoRequest['pin'];
  readonly cacheDir: string;
  readonly mirrors: readonly string[];
  readonly dieAt?: 'lastByte' | 'inCache';
  readonly placeAt?: string;
}

export type ChildLine =
  | { readonly step: string }
  | { readonly result: unknown; readonly maxRss: number }
  | { readonly error: string; readonly kind: string };

const order = JSON.parse(process.argv[2] ?? '') as ChildOrder;
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

function print(line: ChildLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  const result = await obtainIso({
    ...order,
    offline: false,
    http: httpGet,
    clock: realClock,
    signal: interrupt.signal,
    reporter: {
      step: (step) => {
        if (order.dieAt === 'inCache') process.kill(process.pid, 'SIGKILL');
        print({ step });
      },
      warn: (step) => print({ step }),
      detail: () => undefined,
      progress: (_, done, total) => {
        if (order.dieAt === 'lastByte' && done === total) process.kill(process.pid, 'SIGKILL');
      },
    },
  });
  if (order.placeAt !== undefined && 'path' in result) await placeIso(result.path, order.placeAt);
  // Linux counts in KiB.
  print({ result, maxRss: process.resourceUsage().maxRSS * 1024 });
} catch (error) {
  print({ error: String(error), kind: error instanceof AirhiveError ? error.kind : 'bug' });
}
