import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { View } from '../../generators/plan/render.ts';
import { intel8260, ISO_BYTES, writeBundle } from './bundle.ts';

const STAND_INS = new URL('stand-ins/', import.meta.url).pathname;

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: string;
}

/** A script that was started: its process, and what it came to. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

/**
 * A FreeBSD machine played by the stand-ins, with a bundle on it. Everything lies below one temporary folder, which is
 * removed after the test together with every process that the scripts may have left.
 */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'airhive-host-'));
  readonly state = join(this.root, 'state');
  readonly var = join(this.root, 'var');
  readonly bundle: string;
  readonly run: string;
  readonly log: string;
  readonly vmm: string;
  /** AIRHIVE_TEST_SH: another shell to run everything under, such as FreeBSD's own. */
  shell: readonly string[] = [process.env.AIRHIVE_TEST_SH ?? '/bin/sh'];
  environment: Record<string, string> = {};
  private started = 0;

  constructor(options: { view?: View; folder?: string; iso?: boolean } = {}) {
    const view = { ...intel8260, ...options.view };
    const vm = view.vm as string;
    this.bundle = join(this.root, options.folder ?? 'bundle');
    this.run = join(this.var, 'run/airhive', vm);
    this.log = join(this.var, 'log/airhive', `${vm}.log`);
    this.vmm = join(this.state, 'dev/vmm', vm);
    writeBundle(this.bundle, view);
    if (options.iso !== false) writeFileSync(this.iso, ISO_BYTES, { mode: 0o444 });
    for (const folder of ['dev/vmm', 'processes', 'interfaces', 'firmware/uefi-firmware'])
      mkdirSync(join(this.state, folder), { recursive: true });
    this.put('clock', '1000\n');
    this.put('modules', 'kernel\nvmm\nnmdm\n');
    this.put('release', '14.3-RELEASE-p2\n');
    this.put('machine', 'amd64\n');
    this.put('uid', '0\n');
    this.put('free-kilobytes', '5000000\n');
    this.put('sysctl', 'hw.physmem=8589934592\nhw.vmm.vmx.cap.unrestricted_guest=1\n');
    this.put('pciconf', PCICONF);
    this.put('interfaces/tap0', '');
    this.put('interfaces/bridge0', 'up\ninet 172.24.1.49\nmember tap0\n');
    this.put('firmware/uefi-firmware/BHYVE_UEFI.fd', 'firmware');
    onTestFinished(() => this.remove());
  }

  get iso(): string {
    return join(this.bundle, 'iso', intel8260.iso as string);
  }

  put(path: string, text: string): void {
    writeFileSync(join(this.state, path), text);
  }

  /** Changes a file of the bundle. */
  edit(path: string, from: string, to: string): void {
    const file = join(this.bundle, path);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  }

  get(path: string): string {
    const file = join(this.state, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** The calls of one command so far, without its name. */
  calls(command: string): string[] {
    return this.get('calls')
      .split('\n')
      .filter((line) => line === command || line.startsWith(`${command} `))
      .map((line) => line.slice(command.length + 1));
  }

  /** The pauses of vm_run between two attempts, in seconds; its polling is left out. */
  pauses(): number[] {
    const all = this.get('sleeps').split('\n').filter(Boolean).map(Number);
    return all.filter((seconds) => seconds > 1);
  }

  /** Starts a script of the bundle, or one at an absolute path. */
  start(script: string, ...args: string[]): Started {
    const [shell = '', ...before] = this.shell;
    // A file and not a pipe: what a killed vm_run leaves behind would keep a pipe open.
    const words = join(this.root, `said-${this.started++}`);
    const file = openSync(words, 'a');
    const child = spawn(shell, [...before, resolve(this.bundle, script), ...args], {
      env: this.variables(),
      stdio: ['ignore', file, file],
      // A process group of its own, as a terminal gives it.
      detached: true,
    });
    closeSync(file);
    return { pid: child.pid ?? 0, ended: outcome(child, words) };
  }

  async call(script: string, ...args: string[]): Promise<Ended> {
    return this.start(script, ...args).ended;
  }

  /** Starts vm_run and waits until the guest is up in it. */
  async up(): Promise<Started> {
    rmSync(join(this.state, 'guest-is-up'), { force: true });
    const started = this.start('vm_run');
    await this.exists('guest-is-up');
    return started;
  }

  /** Resolves when a file of the state folder is there and not empty. */
  async exists(path: string): Promise<void> {
    await until(() => this.get(path) !== '', `${path} is not there`);
  }

  /** The process ids of the bhyves that live. */
  guests(): number[] {
    return readdirSync(join(this.state, 'processes')).map(Number).filter(isAlive);
  }

  variables(): Record<string, string> {
    const commands: Record<string, string> = { GRUB_BHYVE: join(STAND_INS, 'grub-bhyve') };
    for (const name of PLAYED) commands[name] = join(STAND_INS, name.toLowerCase());
    return {
      // Whatever is called by its bare name is not found; the stand-ins set a PATH of their own.
      PATH: '/nonexistent',
      NODE: process.execPath,
      STATE: this.state,
      VAR: this.var,
      DEV: join(this.state, 'dev'),
      FIRMWARE: join(this.state, 'firmware'),
      ...(this.shell.length === 1 ? { SH: this.shell[0] } : {}),
      ...commands,
      ...this.environment,
    };
  }

  private remove(): void {
    for (const pid of processesOf(this.root)) kill(pid, 'SIGKILL');
    const violations = this.get('violations');
    rmSync(this.root, { recursive: true, force: true });
    expect(violations).toBe('');
  }
}

const PLAYED = [
  ...[
    'BHYVE',
    'BHYVECTL',
    'DF',
    'FETCH',
    'ID',
    'IFCONFIG',
    'KLDSTAT',
    'LOCKF',
    'PCICONF',
    'PGREP',
    'PS',
    'SHA256',
  ],
  ...['SLEEP', 'STTY', 'SYSCTL', 'UNAME'],
];

/** In the form of FreeBSD 13 and later: a tab after the selector. */
export const PCICONF = `hostb0@pci0:0:0:0:\tclass=0x060000 rev=0x08 hdr=0x00 vendor=0x8086 device=0x1904 subvendor=0x17aa subdevice=0x2238
ppt0@pci0:4:0:0:\tclass=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x0130
`;

async function outcome(child: ChildProcess, words: string): Promise<Ended> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { code, signal, said: existsSync(words) ? readFileSync(words, 'utf8') : '' };
}

/** The path of a command of the build machine, for use in a machine whose PATH is empty. */
export function pathOf(command: string): string {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path)) ?? command;
}

/** Resolves when `seen` is true; the test's own time limit ends a wait that is in vain. */
export async function until(seen: () => boolean, otherwise: string): Promise<void> {
  for (let tries = 0; !seen(); tries++) {
    if (tries > 1000) throw new Error(`waited in vain: ${otherwise}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** A process that has ended but was not waited for yet does not count. */
export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

/** Sends a signal; false when there is no such process. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Every process whose environment names the folder; a killed vm_run leaves some on purpose. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/environ`, 'latin1').includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}
