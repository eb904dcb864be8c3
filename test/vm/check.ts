import type { Agent } from './agent.ts';
import type { Air } from './air.ts';
import type { Base, Flavor, KernelMaker } from './base/base.ts';
import type { Host } from './host.ts';
import type { Machine } from './machine.ts';
import type { MachineSpec } from './qemu.ts';

/** What one boot starts from. Everything that is left out has the value of an ordinary start. */
export interface BootSpec {
  /** A vdisk image with the overlay in it. */
  readonly disk0: string;
  /** grub.cfg of the bundle; that of every bundle where it is left out. */
  readonly loader?: string;
  readonly site?: string | undefined;
  readonly state?: string | undefined;
  /** Which packages the medium carries; standard by default. */
  readonly flavor?: Flavor;
  /** Debian's, with simulated radios, by default. With Alpine's own nothing of the guest is changed: no agent, no card. */
  readonly kernel?: KernelMaker;
  readonly memory?: number;
  readonly initramfs?: string;
  readonly card?: MachineSpec['card'];
  readonly channels?: MachineSpec['channels'];
  readonly passthrough?: MachineSpec['passthrough'];
  readonly clock?: MachineSpec['clock'];
  readonly append?: string;
  readonly noReboot?: boolean;
}

/** Made anew for each boot that is asked for. */
export interface BootTools {
  readonly base: Base;
  /** Folder of this boot's disks and logs. */
  readonly folder: string;
  /** The project's folder. */
  readonly root: string;
}

/** A machine that runs, and what is around it. */
export interface Bench extends BootTools {
  readonly host: Host;
  readonly machine: Machine;
  readonly agent: Agent;
  readonly air: Air;
  /** Runs a shell command in the guest: by the agent, whatever state its network is in; beside Alpine's own kernel by ssh. */
  guest(
    command: string,
    options?: { input?: string | Uint8Array; timeout?: number },
  ): ReturnType<Agent['run']>;
  /** As guest, but a failure throws; returns standard output. */
  guestOk(command: string, options?: { input?: string | Uint8Array; timeout?: number }): Promise<string>;
  /**
   * Ends the machine (power cord if it still runs) and starts the next one on the same disks, perhaps with
   * something changed. The old Machine, Agent and Air are void then.
   */
  restart(difference?: Partial<BootSpec>): Promise<void>;
  /** Adds a line to the report, e.g. a measurement. */
  report(line: string): void;
  /** The disks and settings of the present boot. */
  readonly spec: BootSpec;
}

export interface Boot {
  readonly name: string;
  /** Of a boot with nothing of the guest changed: what the ISO carries that it wants. With --iso those are run, and no others. */
  readonly wants?: Flavor;
  /** Makes disks and says what to start. */
  readonly prepare: (tools: BootTools) => Promise<BootSpec>;
  /** Runs once the machine is started, before the first check; e.g. starts an access point. Does not wait for the guest. */
  readonly started?: (bench: Bench) => Promise<unknown>;
}

export interface Check {
  readonly name: string;
  readonly boot: Boot;
  readonly run: (bench: Bench) => Promise<void>;
  /** Seconds; 300 by default. It ends what hangs and promises nothing: a busy computer takes its time. */
  readonly limit: number;
  /** Only with --soak. */
  readonly soak: boolean;
}

const checks: Check[] = [];

/**
 * Registers a check. Checks with the same Boot object share one machine and run in the order of registration; a check
 * that fails leaves the machine to the next one as it is.
 */
export function check(
  name: string,
  boot: Boot,
  run: (bench: Bench) => Promise<void>,
  options: { limit?: number; soak?: boolean } = {},
): void {
  checks.push({ name, boot, run, limit: options.limit ?? 300, soak: options.soak ?? false });
}

/** Checks whose name or boot matches, grouped by boot in the order of registration; `given` is what the ISO of --iso carries. */
export function selectChecks(pattern: RegExp, soak: boolean, given?: Flavor): Map<Boot, Check[]> {
  const groups = new Map<Boot, Check[]>();
  for (const one of checks) {
    if (one.soak && !soak) continue;
    if (given !== undefined && one.boot.wants !== given) continue;
    if (!pattern.test(one.name) && !pattern.test(one.boot.name)) continue;
    groups.set(one.boot, [...(groups.get(one.boot) ?? []), one]);
  }
  return groups;
}
