import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchError } from './bench-error.ts';
import { partsOf, prepareBase } from './base/base.ts';
import { readIso, WrongIso } from './base/iso.ts';
import { partsTable } from './base/parts.ts';
import { selectChecks } from './check.ts';
import './checks/bench.ts';
import './checks/alpine-kernel.ts';
import './checks/gateway.ts';
import './checks/closed.ts';
import './checks/tunnel.ts';
import './checks/trusted.ts';
import './checks/traffic.ts';
import './checks/guarded.ts';
import './checks/ipv6.ts';
import './checks/ipv6-use.ts';
import './checks/wifi-commands.ts';
import './checks/eap.ts';
import './checks/eduroam.ts';
import './checks/site.ts';
import './checks/mdns.ts';
// It ends the guest of the checks above.
import './checks/power.ts';
import './checks/state.ts';
import './checks/first-boot.ts';
import './checks/cache.ts';
import './checks/complete.ts';
import './checks/power-cuts.ts';
import './checks/card.ts';
import './checks/wifi-trouble.ts';
import './checks/wifi-kinds.ts';
import './checks/roaming.ts';
import './checks/range.ts';
import './checks/reports.ts';
import './checks/clients.ts';
import './checks/names.ts';
import './checks/access-point.ts';
import './checks/lean.ts';
import { sweep, workFolderName } from './host.ts';
import { failureText, outcomeLine, table } from './report.ts';
import { runChecks } from './runner.ts';
import type { Outcome } from './runner.ts';
import { missingTools } from './tools.ts';

const USAGE = `node test/vm/run.js [--only PATTERN] [--jobs N] [--keep] [--soak] [--iso FILE]
node test/vm/run.js --parts [--json]
  --only PATTERN  checks or boots whose name matches (a regular expression)
  --jobs N        machines at a time (default: one more than there are processors)
  --keep          leave the work folder with disks and logs
  --soak          also the long checks
  --iso FILE      the ISO to boot where nothing of the guest is changed, e.g. Alpine's own (default: made
                  here from Alpine's parts); only the checks that such an ISO can pass are run
  --parts         lists what the guest is made of: name, version, official | debian | ours, digest
  --json          that list as JSON
`;

interface Options {
  readonly only: RegExp;
  readonly jobs: number;
  readonly keep: boolean;
  readonly soak: boolean;
  readonly parts: boolean;
  readonly json: boolean;
  readonly iso: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      jobs: { type: 'string', default: String(availableParallelism() + 1) },
      keep: { type: 'boolean', default: false },
      soak: { type: 'boolean', default: false },
      parts: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      iso: { type: 'string' },
    },
  });
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${values.jobs}: a number from 1 on`);
  return { ...values, iso: values.iso, only: new RegExp(values.only), jobs };
}

/** Prints what the base is made of. */
async function showParts(root: string, json: boolean): Promise<number> {
  const parts = await partsOf(await prepareBase(join(root, 'test/vm')));
  console.log(json ? JSON.stringify({ format: 1, parts }, undefined, 2) : partsTable(parts));
  return 0;
}

async function runAll(root: string, work: string, options: Options): Promise<number> {
  const begin = Date.now();
  const seconds = (): number => (Date.now() - begin) / 1000;
  const given =
    options.iso === undefined
      ? undefined
      : { file: resolve(options.iso), ...(await readIso(resolve(options.iso))) };
  const flavor = given && (given.hasFirewall ? 'extended' : 'standard');
  const groups = selectChecks(options.only, options.soak, flavor);
  if (groups.size === 0) throw new Error(`no check matches ${String(options.only)}`);
  const base = await prepareBase(join(root, 'test/vm'), given, join(work, 'given'));
  console.log(`base ready after ${seconds().toFixed(1)} s: ${base.folder}`);
  const outcomes: Outcome[] = [];
  const onOutcome = (outcome: Outcome): void => {
    outcomes.push(outcome);
    console.log(outcomeLine(outcome));
    if (outcome.error !== undefined) console.log(failureText(outcome));
  };
  await runChecks(groups, { base, root, work, jobs: options.jobs, onOutcome });
  console.log(table(outcomes, seconds()));
  return outcomes.some(({ error }) => error !== undefined) ? 1 : 0;
}

/** Runs the checks; returns the exit code: 0 all passed, 1 some failed, 2 wrong usage, 4 something is not installed. */
export async function main(root: string, args: readonly string[]): Promise<number> {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  const missing = missingTools();
  if (missing.length > 0) {
    console.error(`test:vm needs more than this machine has:\n  ${missing.join('\n  ')}`);
    return 4;
  }
  try {
    return options.parts ? await showParts(root, options.json) : await runSwept(root, options);
  } catch (error) {
    if (error instanceof WrongIso) {
      console.error(`test:vm: ${error.message}`);
      return 2;
    }
    if (!(error instanceof BenchError)) throw error;
    console.error(`test:vm: ${error.message}`);
    return 4;
  }
}

async function runSwept(root: string, options: Options): Promise<number> {
  await sweep(tmpdir());
  const work = join(tmpdir(), workFolderName());
  await mkdir(work);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Machines and host programs die with this process; what else is left is swept here.
    process.once(signal, () => void sweepOwn(work, options.keep).finally(() => process.exit(130)));
  }
  try {
    return await runAll(root, work, options);
  } finally {
    await sweepOwn(work, options.keep);
  }
}

async function sweepOwn(work: string, keep: boolean): Promise<void> {
  await sweep(tmpdir(), true);
  if (keep) console.log(`kept: ${work}`);
  else await rm(work, { recursive: true, force: true });
}
