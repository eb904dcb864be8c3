import { join } from 'node:path';
import type { Host } from './host.ts';

export interface MachineSpec {
  /** Folder for sockets and logs; made when absent. */
  readonly folder: string;
  readonly kernel: string;
  readonly initramfs: string;
  readonly iso: string;
  /** The kernel line of grub.cfg. */
  readonly words: string;
  /** The bench's own disk with its agent; none beside Alpine's own kernel. */
  readonly toolbox: string | undefined;
  readonly disk0: string;
  readonly site?: string | undefined;
  readonly state?: string | undefined;
  /** MiB. */
  readonly memory: number;
  /** When the guest's Wi-Fi card is there: when drivers are loaded, when a test plugs it in, or never before that. */
  readonly card: 'hwdrivers' | 'manual';
  /** All that the simulated card knows (a scan takes 9 s), or those that it may send on at once (2 s). */
  readonly channels: 'usual' | 'all';
  /**
   * What the guest's time is told by: this computer's clock, or the instructions that the guest has executed, which are
   * the same however busy this computer is. While the guest waits, both go on as this computer's.
   */
  readonly clock: 'wall' | 'instructions';
  /** False lets the guest restart by itself; otherwise QEMU ends then. */
  readonly noReboot?: boolean;
  /** More words for the kernel line. */
  readonly append?: string;
  /**
   * One more PCI function: one of a Wi-Fi card's class without an interface or a network card (eth1), which the guest
   * drives, or a network card that it has no driver for. At power-off QEMU waits, so that its state can be read
   * (`isBusMaster`).
   */
  readonly passthrough?: 'silent' | 'interface' | 'undriven' | undefined;
}

/** Emulated, the kernel's messages on the serial line cost seconds. */
const QUIET = 'quiet';

/**
 * Work that only costs time under emulation; at fixed addresses QEMU finds what it translated before. On a busy computer
 * the kernel finds its timer too slow and panics, unless it does not look.
 */
const BENCH_WORDS = 'mitigations=off init_on_alloc=0 audit=0 nokaslr norandmaps no_timer_check';

/**
 * Emulating five-level page tables and 256-bit registers costs a sixth of all time; strings moved byte by byte and watching
 * over the kernel's use of programs' memory a twelfth.
 */
const CPU = 'max,-avx,-avx2,-la57,-erms,-smap,-smep';

/** An instruction takes 4 ns of the guest's time, about as long as it takes this computer. */
const CLOCKS: Readonly<Record<MachineSpec['clock'], readonly string[]>> = {
  wall: ['-accel', 'tcg,thread=multi'],
  instructions: ['-accel', 'tcg,thread=single', '-icount', 'shift=2,sleep=on'],
};

/** How a disk takes writes: as usual; never, and it says so; or never without saying so, as a read-only disk of bhyve. */
type Writes = 'taken' | 'refused' | 'refused silently';

/** Every write fails with EIO (QEMU's blkdebug), while the guest sees a disk that is not read-only. */
const REFUSE = ['event=none', 'iotype=write', 'errno=5', 'once=off', 'immediately=off']
  .map((rule) => `inject-error.0.${rule}`)
  .join(',');

function disk(id: string, file: string, address: string, writes: Writes, serial?: string): string[] {
  const drives: Readonly<Record<Writes, string>> = {
    taken: `file=${file},format=raw,cache=writeback`,
    refused: `file=${file},format=raw,readonly=on`,
    'refused silently': `driver=blkdebug,image.driver=raw,image.file.driver=file,image.file.filename=${file},${REFUSE}`,
  };
  const named = serial === undefined ? '' : `,serial=${serial}`;
  return [
    ...['-drive', `if=none,id=${id},${drives[writes]}`],
    ...['-device', `virtio-blk-pci,drive=${id},addr=${address},multifunction=on${named}`],
  ];
}

/** PCI slots of the guest, hexadecimal. */
export const SLOT = { card: 5, host: 6, interface: 0xa } as const;

/**
 * virtio's driver, like those of Wi-Fi cards, does nothing at power-off: the function goes on until the driver is
 * removed. A disk without a byte is nothing to any service.
 */
function passthrough(kind: MachineSpec['passthrough']): string[] {
  if (kind === undefined) return [];
  const devices = {
    silent: [
      ...['-blockdev', 'driver=null-co,node-name=card,size=0,read-only=on'],
      ...['-device', `virtio-blk-pci,drive=card,class=0x0280,addr=${SLOT.card.toString(16)}`],
    ],
    interface: ['-device', `virtio-net-pci,romfile=,addr=${SLOT.interface.toString(16)}`],
    undriven: ['-device', `i82551,romfile=,addr=${SLOT.card.toString(16)}`],
  };
  return [...devices[kind], '-no-shutdown'];
}

/** For the agent; nothing where there is none. */
const agentWords = (spec: MachineSpec): string =>
  spec.toolbox === undefined ? '' : `bench.radio=${spec.card} bench.channels=${spec.channels}`;

/** QEMU's arguments for a machine on a host's tap; its sockets lie in the machine's folder. */
export function qemuArguments(spec: MachineSpec, host: Host): string[] {
  const socket = (name: string): string => join(spec.folder, `${name}.sock`);
  const line = [spec.words, QUIET, BENCH_WORDS, agentWords(spec), spec.append].filter(Boolean).join(' ');
  return [
    ...[...CLOCKS[spec.clock], '-cpu', CPU, '-smp', '1', '-m', String(spec.memory)],
    ...['-machine', 'pc,usb=off', '-nodefaults', '-no-user-config', '-display', 'none', '-rtc', 'base=utc'],
    ...['-kernel', spec.kernel, '-initrd', spec.initramfs, '-append', line],
    ...['-device', 'ich9-ahci,id=ahci,addr=3', '-device', 'ide-cd,drive=cd,bus=ahci.0'],
    ...['-drive', `if=none,id=cd,file=${spec.iso},media=cdrom,readonly=on`],
    ...disk('disk0', spec.disk0, '4.0', 'refused silently'),
    ...(spec.site === undefined ? [] : disk('site', spec.site, '4.1', 'refused silently')),
    ...(spec.state === undefined ? [] : disk('state', spec.state, '4.2', 'taken')),
    ...['-netdev', `tap,id=net,ifname=${host.addresses.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net,addr=${SLOT.host.toString(16)},romfile=`],
    ...['-device', 'virtio-rng-pci,addr=7', '-device', 'virtio-serial-pci,addr=8'],
    ...(spec.toolbox === undefined ? [] : disk('bench', spec.toolbox, '9', 'refused', 'bench')),
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
    ...passthrough(spec.passthrough),
  ];
}
