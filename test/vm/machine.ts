import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from './agent.ts';
import { SerialConsole } from './console.ts';
import type { Host } from './host.ts';
import { qemuArguments } from './qemu.ts';
import type { MachineSpec } from './qemu.ts';
import { Qmp } from './qmp.ts';
import { connectWhenThere } from './socket.ts';

/** One running virtual machine. */
export class Machine {
  readonly console: SerialConsole;
  readonly agent: Agent;
  readonly qmp: Qmp;
  readonly startedAt: number;
  private readonly child: ChildProcess;
  private readonly ended: Promise<number>;
  /** QEMU goes on, paused, when the guest is off. */
  private readonly waits: boolean;

  private constructor(
    child: ChildProcess,
    startedAt: number,
    console: SerialConsole,
    agent: Agent,
    qmp: Qmp,
    waits: boolean,
  ) {
    this.child = child;
    this.startedAt = startedAt;
    this.console = console;
    this.agent = agent;
    this.qmp = qmp;
    this.waits = waits;
    this.ended =
      child.exitCode !== null
        ? Promise.resolve(child.exitCode)
        : once(child, 'exit').then(([code]) => Number(code ?? -1));
  }

  /** Starts QEMU inside the host's namespace and returns as soon as it runs. The console log is `console.log`. */
  static async start(spec: MachineSpec, host: Host): Promise<Machine> {
    await mkdir(spec.folder, { recursive: true });
    const [program = '', ...prefix] = host.prefix();
    const startedAt = Date.now();
    const child = spawn(program, [...prefix, 'qemu-system-x86_64', ...qemuArguments(spec, host)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const died = once(child, 'exit').then(() =>
      Promise.reject(new Error(`QEMU did not start: ${complaint}`)),
    );
    const sockets = (async () => {
      const console = await connectWhenThere(join(spec.folder, 'console.sock'));
      console.pipe(createWriteStream(join(spec.folder, 'console.log'), { flags: 'a', encoding: 'latin1' }));
      const agent = await connectWhenThere(join(spec.folder, 'agent.sock'));
      const qmp = await Qmp.connect(join(spec.folder, 'qmp.sock'));
      const serial = new SerialConsole(console, startedAt);
      return new Machine(child, startedAt, serial, new Agent(agent), qmp, spec.passthrough !== undefined);
    })();
    sockets.catch(() => undefined);
    died.catch(() => undefined);
    return Promise.race([sockets, died]);
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Seconds since QEMU was started. */
  seconds(): number {
    return (Date.now() - this.startedAt) / 1000;
  }

  /** Seconds of this computer's processors that QEMU has had so far (proc_pid_stat(5): ticks of 10 ms). */
  async processorTime(): Promise<number> {
    const stat = await readFile(`/proc/${String(this.child.pid)}/stat`, 'utf8');
    // The second field is the program's name in brackets; utime and stime are the 14th and 15th.
    const [user, system] = stat
      .replace(/^.*\) /, '')
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return ((user ?? NaN) + (system ?? NaN)) / 100;
  }

  /** The power cord: QEMU is killed. What it wrote so far is on the disk, what it held is lost. */
  async cut(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.ended;
    this.close();
  }

  /** Presses the power button (ACPI). Resolves when the machine is off, with the seconds it took; throws after `limit`. */
  async powerOff(limit = 120): Promise<number> {
    const begin = Date.now();
    await this.qmp.execute('system_powerdown');
    await this.waitEnd(limit);
    return (Date.now() - begin) / 1000;
  }

  /** Waits until the guest is off and says why (QMP's SHUTDOWN reason). */
  async waitEnd(limit: number): Promise<string> {
    const end = Date.now() + limit * 1000;
    while (this.running && !(this.waits && this.qmp.shutdownReason !== undefined)) {
      if (Date.now() > end) throw new Error(`still running after ${limit} s: ${this.console.tail(300)}`);
      await pause(20);
    }
    if (!this.running) this.close();
    return this.qmp.shutdownReason ?? 'unknown';
  }

  /** Whether a PCI function may write to memory by itself (command register, bit 2), seen from outside of the guest. */
  async isBusMaster(slot: number): Promise<boolean> {
    const monitor = (line: string): Promise<unknown> =>
      this.qmp.execute('human-monitor-command', { 'command-line': line });
    // The address goes to port 0xcf8, the register is then at 0xcfc; the command register is number 4.
    await monitor(`o /w 0xcf8 ${String(0x80000004 + slot * 2048)}`);
    const answer = String(await monitor('i /xh 0xcfc'));
    const command = /= (0x[0-9a-f]{4})/.exec(answer)?.[1];
    if (command === undefined) throw new Error(`QEMU: ${answer}`);
    return (Number(command) & 4) !== 0;
  }

  private close(): void {
    this.agent.close();
    this.qmp.close();
  }
}
