import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent } from './agent.ts';
import { SerialConsole } from './console.ts';
import type { Host } from './host.ts';
import { Qmp } from './qmp.ts';
import { connectWhenThere } from './socket.ts';

export interface MachineSpec {
  /** Folder for sockets and logs; made when absent. */
  readonly folder: string;
  readonly kernel: string;
  readonly initramfs: string;
  readonly iso: string;
  readonly toolbox: string;
  readonly disk0: string;
  readonly site?: string | undefined;
  readonly state?: string | undefined;
  /** MiB. */
  readonly memory: number;
  /** When the guest's Wi-Fi card is there: when drivers are loaded, when a test plugs it in, or never before that. */
  readonly card: 'hwdrivers' | 'manual';
  /** False lets the guest restart by itself; otherwise QEMU ends then. */
  readonly noReboot?: boolean;
  /** More words for the kernel line. */
  readonly append?: string;
}

/** As grub.cfg of the bundle has it. */
const KERNEL_LINE = 'modules=loop,squashfs,sd-mod,usb-storage,sr-mod quiet console=ttyS0,115200 panic=10';

/** Work that only costs time under emulation; at fixed addresses QEMU finds what it translated before. */
const BENCH_WORDS = 'mitigations=off init_on_alloc=0 audit=0 nokaslr norandmaps';

/** Emulating five-level page tables and 256-bit registers costs a sixth of all time. */
const CPU = 'max,-avx,-avx2,-la57';

function disk(
  id: string,
  file: string,
  address: string,
  options: { readonly?: boolean; serial?: string } = {},
): string[] {
  const flags = options.readonly === true ? 'readonly=on' : 'cache=writeback';
  const serial = options.serial === undefined ? '' : `,serial=${options.serial}`;
  return [
    ...['-drive', `if=none,id=${id},file=${file},format=raw,${flags}`],
    ...['-device', `virtio-blk-pci,drive=${id},addr=${address},multifunction=on${serial}`],
  ];
}

function qemuArguments(spec: MachineSpec, host: Host): string[] {
  const socket = (name: string): string => join(spec.folder, `${name}.sock`);
  const line = `${KERNEL_LINE} ${BENCH_WORDS} bench.radio=${spec.card} ${spec.append ?? ''}`.trimEnd();
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', CPU, '-smp', '1', '-m', String(spec.memory)],
    ...['-machine', 'pc,usb=off', '-nodefaults', '-no-user-config', '-display', 'none', '-rtc', 'base=utc'],
    ...['-kernel', spec.kernel, '-initrd', spec.initramfs, '-append', line],
    ...['-device', 'ich9-ahci,id=ahci,addr=3', '-device', 'ide-cd,drive=cd,bus=ahci.0'],
    ...['-drive', `if=none,id=cd,file=${spec.iso},media=cdrom,readonly=on`],
    ...disk('disk0', spec.disk0, '4.0', { readonly: true }),
    ...(spec.site === undefined ? [] : disk('site', spec.site, '4.1', { readonly: true })),
    ...(spec.state === undefined ? [] : disk('state', spec.state, '4.2')),
    ...['-netdev', `tap,id=net,ifname=${host.addresses.tap},script=no,downscript=no`],
    ...['-device', 'virtio-net-pci,netdev=net,addr=6,romfile='],
    ...['-device', 'virtio-rng-pci,addr=7', '-device', 'virtio-serial-pci,addr=8'],
    ...disk('bench', spec.toolbox, '9', { readonly: true, serial: 'bench' }),
    ...[
      '-chardev',
      `socket,id=console,path=${socket('console')},server=on,wait=on`,
      '-serial',
      'chardev:console',
    ],
    ...['-chardev', `socket,id=agent,path=${socket('agent')},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=agent,name=bench'],
    ...['-qmp', `unix:${socket('qmp')},server=on,wait=off`],
    ...(spec.noReboot === false ? [] : ['-no-reboot']),
  ];
}

/** One running virtual machine. */
export class Machine {
  readonly console: SerialConsole;
  readonly agent: Agent;
  readonly qmp: Qmp;
  readonly startedAt: number;
  private readonly child: ChildProcess;
  private readonly ended: Promise<number>;

  private constructor(
    child: ChildProcess,
    startedAt: number,
    console: SerialConsole,
    agent: Agent,
    qmp: Qmp,
  ) {
    this.child = child;
    this.startedAt = startedAt;
    this.console = console;
    this.agent = agent;
    this.qmp = qmp;
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
      return new Machine(child, startedAt, new SerialConsole(console, startedAt), new Agent(agent), qmp);
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

  /** The power cord: QEMU is killed. What it wrote so far is on the disk, what it held is lost. */
  async cut(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.ended;
    this.close();
  }

  /** Presses the power button (ACPI). Resolves when the machine is off, with the seconds it took; throws after `limit`. */
  async powerOff(limit = 30): Promise<number> {
    const begin = Date.now();
    await this.qmp.execute('system_powerdown');
    await this.waitEnd(limit);
    return (Date.now() - begin) / 1000;
  }

  /** Waits for QEMU's own end and says why it came (QMP's SHUTDOWN reason). */
  async waitEnd(limit: number): Promise<string> {
    const timer = new AbortController();
    const late = new Promise<never>((_, reject) => {
      const handle = setTimeout(
        () => reject(new Error(`still running after ${limit} s: ${this.console.tail(300)}`)),
        limit * 1000,
      );
      timer.signal.addEventListener('abort', () => clearTimeout(handle));
    });
    await Promise.race([this.ended, late]).finally(() => timer.abort());
    this.close();
    return this.qmp.shutdownReason ?? 'unknown';
  }

  private close(): void {
    this.agent.close();
    this.qmp.close();
  }
}
