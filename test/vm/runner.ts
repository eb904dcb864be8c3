import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Air } from './air.ts';
import type { Base } from './base/base.ts';
import type { Bench, Boot, BootSpec, BootTools, Check } from './check.ts';
import { keysFor } from './bundle.ts';
import { Host } from './host.ts';
import { sshExec } from './keys.ts';
import { readLoader } from './loader.ts';
import { Machine } from './machine.ts';
import { collectEvidence } from './evidence.ts';

export interface Outcome {
  readonly name: string;
  readonly boot: string;
  readonly seconds: number;
  readonly error?: Error;
  readonly notes: readonly string[];
  /** Console, logs and files at the moment of a failure. */
  readonly evidence?: string;
}

export interface RunSettings {
  readonly base: Base;
  readonly root: string;
  readonly work: string;
  /** Machines at a time. */
  readonly jobs: number;
  readonly onOutcome: (outcome: Outcome) => void;
}

let counter = 0;

/** One boot's machine, host and disks, for as long as its checks need them. */
class Session implements Bench {
  readonly base: Base;
  readonly root: string;
  readonly folder: string;
  readonly host: Host;
  private readonly boot: Boot;
  spec: BootSpec = { disk0: '' };
  notes: string[] = [];
  private present: { machine: Machine; air: Air } | undefined;

  constructor(boot: Boot, tools: BootTools, host: Host) {
    this.boot = boot;
    this.base = tools.base;
    this.root = tools.root;
    this.folder = tools.folder;
    this.host = host;
  }

  private get current(): { machine: Machine; air: Air } {
    if (this.present === undefined) throw new Error('the machine is not started');
    return this.present;
  }

  get machine(): Machine {
    return this.current.machine;
  }

  get agent(): Machine['agent'] {
    return this.machine.agent;
  }

  get air(): Air {
    return this.current.air;
  }

  guest(
    command: string,
    options: { input?: string | Uint8Array; timeout?: number } = {},
  ): ReturnType<Bench['guest']> {
    return this.spec.kernel === 'alpine' ? this.overSsh(command) : this.agent.run('guest', command, options);
  }

  /** Where there is no agent. The keys are those that `buildBundle` put on the site disk. */
  private async overSsh(command: string): ReturnType<Bench['guest']> {
    const { admin } = await keysFor(this);
    return sshExec(this.host, admin, 'root', command);
  }

  async guestOk(
    command: string,
    options: { input?: string | Uint8Array; timeout?: number } = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.guest(command, options);
    if (code !== 0) throw new Error(`guest: ${command}: ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  report(line: string): void {
    this.notes.push(line);
  }

  async start(spec: BootSpec): Promise<void> {
    this.spec = spec;
    const kernel = spec.kernel ?? 'debian';
    const medium = this.base.media[kernel];
    const loader = await readLoader(spec.loader ?? join(this.root, 'overlays/host/grub.cfg.mustache'));
    if (medium.given && loader.kernel !== medium.given)
      throw new Error(`grub.cfg of the bundle loads ${loader.kernel}, and the ISO has ${medium.given}`);
    const machine = await Machine.start(
      {
        folder: this.folder,
        kernel: medium.kernel,
        initramfs: spec.initramfs ?? medium.initramfs,
        iso: medium.iso[spec.flavor ?? 'standard'],
        words: loader.words,
        toolbox: kernel === 'debian' ? this.base.toolbox : undefined,
        disk0: spec.disk0,
        site: spec.site,
        state: spec.state,
        memory: spec.memory ?? 384,
        card: spec.card ?? 'hwdrivers',
        channels: spec.channels ?? 'usual',
        clock: spec.clock ?? 'wall',
        noReboot: spec.noReboot ?? true,
        append: spec.append ?? '',
        passthrough: spec.passthrough,
      },
      this.host,
    );
    this.present = { machine, air: new Air(machine.agent) };
    await this.boot.started?.(this);
  }

  async restart(difference: Partial<BootSpec> = {}): Promise<void> {
    await this.machine.cut();
    await this.start({ ...this.spec, ...difference });
  }

  async end(): Promise<void> {
    await this.present?.machine.cut();
    await this.host.destroy();
  }
}

function withLimit(work: Promise<void>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished after ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function runCheck(check: Check, session: Session): Promise<Outcome> {
  const begin = Date.now();
  session.notes = [];
  const outcome = { name: check.name, boot: check.boot.name };
  try {
    await withLimit(check.run(session), check.limit);
    return { ...outcome, seconds: (Date.now() - begin) / 1000, notes: session.notes };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const seconds = (Date.now() - begin) / 1000;
    const evidence = await collectEvidence(session).catch(
      (problem: unknown) => `no evidence: ${String(problem)}`,
    );
    await writeFile(join(session.folder, `failed-${check.name.replace(/\W+/g, '-')}.txt`), evidence);
    return { ...outcome, seconds, error, notes: session.notes, evidence };
  }
}

/** Runs the checks of one boot. Its start is an outcome of its own. */
async function runBoot(boot: Boot, checks: readonly Check[], settings: RunSettings): Promise<void> {
  const index = ++counter;
  const folder = join(settings.work, `${String(index)}-${boot.name.replace(/\W+/g, '-')}`);
  await mkdir(folder, { recursive: true });
  const begin = Date.now();
  const session = new Session(
    boot,
    { base: settings.base, root: settings.root, folder },
    await Host.create(index),
  );
  const starting = { name: `(start: ${boot.name})`, boot: boot.name, notes: [] };
  try {
    await session.start(await boot.prepare(session));
    settings.onOutcome({ ...starting, seconds: (Date.now() - begin) / 1000 });
    for (const check of checks) settings.onOutcome(await runCheck(check, session));
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    settings.onOutcome({ ...starting, seconds: (Date.now() - begin) / 1000, error });
  } finally {
    await session.end();
  }
}

const longest = (checks: readonly Check[]): number => checks.reduce((sum, { limit }) => sum + limit, 0);

/** Runs every boot, `jobs` at a time, the longest first: begun late, it would be waited for at the end. */
export async function runChecks(
  groups: ReadonlyMap<Boot, readonly Check[]>,
  settings: RunSettings,
): Promise<void> {
  const queue = [...groups].toSorted(([, one], [, other]) => longest(other) - longest(one));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runBoot(...next, settings);
  };
  await Promise.all(Array.from({ length: settings.jobs }, worker));
}
