import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { View } from '../../generators/plan/render.ts';
import { intel8260, ISO_BYTES, writeBundle, writeSums } from './bundle.ts';
import { CALL } from './call/program.ts';
import { linkCommands } from './commands.ts';
import { FOLDERS, HARDWARE, LAPTOP, PCICONF, READY } from './laptop.ts';
import { OTHER_TOOLS } from './other-tools.ts';
import { launch, type Ended, type Started } from './launch.ts';
import { commandOf, endProcessesOf, isAlive, kill, pathOf, processesOf, until } from './processes.ts';
import { State, type Fault } from './state.ts';

export type { Ended, Fault, Started };
export { commandOf, isAlive, kill, pathOf, PCICONF, until };

const FAKES = new URL('fakes', import.meta.url).pathname;

interface Options {
  readonly view?: View;
  readonly folder?: string;
  /** HOST_DIR, below the machine's root. */
  readonly directory?: string;
  readonly iso?: boolean;
  /** `ready` (the default): all settings of airhive are in force. `laptop`: FreeBSD's own Wi-Fi is in use. */
  readonly host?: 'ready' | 'laptop';
}

/**
 * A FreeBSD machine played by the fakes, with a bundle on it. Everything lies below one temporary folder, which is
 * removed after the test together with every process that the scripts may have left.
 */
export class Machine extends State {
  readonly var = join(this.root, 'var');
  readonly etc = join(this.root, 'etc');
  readonly boot = join(this.root, 'boot');
  readonly local = join(this.root, 'usr/local');
  readonly dev = join(this.root, 'dev');
  /** The HOST_DIR of the bundle. */
  readonly directory: string;
  readonly bundle: string;
  readonly run: string;
  readonly log: string;
  readonly vmm: string;
  /** AIRHIVE_TEST_SH: another shell to run everything under, such as FreeBSD's own. */
  shell: readonly string[] = [process.env.AIRHIVE_TEST_SH ?? '/bin/sh'];
  environment: Record<string, string> = {};
  private started = 0;

  constructor(options: Options = {}) {
    super();
    this.directory = join(this.root, options.directory ?? 'mnt/vm_bhyve/linuxguest');
    const view: View = { ...intel8260, directory: this.directory, ...options.view };
    const vm = view.vm as string;
    this.bundle = join(this.root, options.folder ?? 'bundle');
    this.run = join(this.var, 'run/airhive', vm);
    this.log = join(this.var, 'log/airhive', `${vm}.log`);
    this.vmm = join(this.dev, 'vmm', vm);
    cpSync(LAPTOP, this.root, { recursive: true });
    chmodSync(join(this.etc, 'wpa_supplicant.conf'), 0o600);
    for (const folder of FOLDERS) mkdirSync(join(this.root, folder), { recursive: true });
    writeBundle(this.bundle, view);
    if (options.iso !== false) writeFileSync(this.iso, ISO_BYTES, { mode: 0o444 });
    linkCommands(join(this.root, 'bin'));
    symlinkSync(CALL, join(this.local, 'sbin/pkg'));
    for (const [path, text] of Object.entries(HARDWARE)) this.put(path, text);
    writeFileSync(join(this.local, 'share/uefi-firmware/BHYVE_UEFI.fd'), 'firmware');
    if (options.host === 'laptop') this.play('boot');
    else for (const [path, text] of Object.entries(READY)) this.put(path, text);
    onTestFinished(() => this.remove());
  }

  /** Networks, keys and state, wherever the bundle lies. */
  get data(): string {
    return join(this.directory, 'data');
  }

  get iso(): string {
    return join(this.bundle, 'iso', intel8260.iso as string);
  }

  /** Puts another bundle, with its ISO, on this machine, as a newer build would be. Returns its folder. */
  addBundle(folder: string, view: View): string {
    const path = join(this.root, folder);
    writeBundle(path, { ...intel8260, directory: this.directory, ...view });
    cpSync(this.iso, join(path, 'iso', basename(this.iso)));
    return path;
  }

  /** Changes a file of the bundle as a build would; the vdisk as a bad copy would. */
  edit(path: string, from: string, to: string): void {
    const file = join(this.bundle, path);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
    if (path !== 'disk0.img') writeSums(this.bundle);
  }

  /** From now on a command is this script, in which REAL is the fake, or is missing; its calls are not counted. */
  replace(command: string, script?: string): void {
    const file = join(this.root, 'bin', command);
    const real = join(this.root, 'replaced', command);
    if (!existsSync(real)) {
      mkdirSync(dirname(real), { recursive: true });
      symlinkSync(CALL, real);
    }
    rmSync(file, { force: true });
    if (script === undefined) return;
    writeFileSync(file, `#!/bin/sh\n${script.replaceAll('REAL', real)}\n`, { mode: 0o755 });
  }

  /** The fake again. */
  putBack(command: string): void {
    const file = join(this.root, 'bin', command);
    rmSync(file, { force: true });
    symlinkSync(CALL, file);
  }

  /** Starts a script of the bundle, or one at an absolute path. */
  start(script: string, ...args: string[]): Started {
    return this.launch(script, args);
  }

  private launch(script: string, args: readonly string[], input?: string): Started {
    return launch({
      line: [...this.shell, resolve(this.bundle, script), ...args],
      env: this.variables(),
      words: join(this.root, `said-${this.started++}`),
      input,
    });
  }

  async call(script: string, ...args: string[]): Promise<Ended> {
    return this.start(script, ...args).ended;
  }

  /** The same with something to read. */
  async tell(input: string, script: string, ...args: string[]): Promise<Ended> {
    return this.launch(script, args, input).ended;
  }

  /** Starts vm_run and waits until the guest is up in it. */
  async up(): Promise<Started> {
    rmSync(join(this.state, 'guest-is-up'), { force: true });
    const started = this.start('vm_run');
    await this.exists('guest-is-up');
    return started;
  }

  /** The process ids of this VM's bhyves that live. */
  guests(): number[] {
    const title = `bhyve: ${basename(this.vmm)}\n`;
    const all = readdirSync(join(this.state, 'processes'));
    return all
      .filter((pid) => this.get(`processes/${pid}`) === title)
      .map(Number)
      .filter(isAlive);
  }

  /** The process ids of whatever the scripts have started and left. */
  processes(): number[] {
    return processesOf(this.root);
  }

  /** Ends all of them. */
  end(): void {
    endProcessesOf(this.root);
  }

  /** What the script that was started last has said so far. */
  said(): string {
    return readFileSync(join(this.root, `said-${this.started - 1}`), 'utf8');
  }

  /** As a power cut and the boot after it: what is in RAM is gone, the files say what comes back. */
  async reboot(): Promise<Ended | undefined> {
    this.end();
    this.play('boot');
    const service = join(this.local, 'etc/rc.d/airhive');
    if (!existsSync(service)) return undefined;
    const ended = await this.call(service, 'faststart');
    await this.settled();
    return ended;
  }

  /** A boot does not wait for the guest: until it is up, or the start of it has come to nothing. */
  private async settled(): Promise<void> {
    const daemon = join(this.run, 'daemon.pid');
    const up = (): boolean => existsSync(join(this.state, 'guest-is-up')) && this.guests().length > 0;
    await until(
      () => !existsSync(daemon) || up(),
      () => `the guest after the boot\n${this.get('calls')}`,
    );
  }

  /** Runs a fake by itself, uncounted: what somebody else does on this machine. Returns what it prints. */
  play(fake: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(join(FAKES, fake), args, {
      env: this.variables(),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${fake} ${args.join(' ')}: exit status ${status}\n${stderr}`);
    return stdout;
  }

  variables(): Record<string, string> {
    return {
      // What is not in AIRHIVE_PATH is not found; the fakes set a PATH of their own.
      PATH: '/nonexistent',
      NODE: process.execPath,
      FAKES,
      STATE: this.state,
      AIRHIVE_ROOT: this.root,
      AIRHIVE_PATH: join(this.root, 'bin'),
      BENCH_SH: this.shell[0] ?? '',
      ...OTHER_TOOLS,
      ...this.environment,
    };
  }

  private remove(): void {
    endProcessesOf(this.root);
    const violations = this.get('violations');
    rmSync(this.root, { recursive: true, force: true });
    expect(violations).toBe('');
  }
}
