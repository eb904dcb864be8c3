import type { Socket } from 'node:net';
import { connectWhenThere } from './socket.ts';

interface Message {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: { readonly reason?: string };
}

/** QEMU's machine protocol: one command at a time. */
export class Qmp {
  private readonly socket: Socket;
  private readonly waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  /** Why the guest ended: `guest-shutdown`, `guest-reset`, `guest-panic`, `host-qmp-quit`, ... */
  shutdownReason: string | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        this.receive(JSON.parse(text.slice(0, end)) as Message);
        text = text.slice(end + 1);
      }
    });
    socket.on('close', () =>
      this.waiting.splice(0).forEach(({ reject }) => reject(new Error('QEMU has ended'))),
    );
  }

  static async connect(path: string): Promise<Qmp> {
    const qmp = new Qmp(await connectWhenThere(path));
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  private receive(message: Message): void {
    if (message.event === 'SHUTDOWN') this.shutdownReason = message.data?.reason;
    if (message.return === undefined && message.error === undefined) return;
    const next = this.waiting.shift();
    if (message.error === undefined) next?.resolve(message.return);
    else next?.reject(new Error(`QMP: ${message.error.desc}`));
  }

  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
