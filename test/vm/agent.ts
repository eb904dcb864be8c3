import type { Socket } from 'node:net';
import type { CommandResult } from './command.ts';

export type Context = 'guest' | 'ap' | 'bench';

export interface AgentOptions {
  readonly input?: string | Uint8Array;
  /** Seconds after which the command is killed (exit code 124); 120 by default, 0 for never. */
  readonly timeout?: number;
}

interface Job {
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
}

export interface GuestEvent {
  readonly name: string;
  readonly uptime: number;
}

/** The test's end of toolbox/agent.pl: runs commands in the guest without its network. */
export class Agent {
  private readonly socket: Socket;
  private readonly jobs = new Map<string, Job>();
  private next = 1;
  private inbox = Buffer.alloc(0);
  private greeted = false;
  private readonly waiters: ((error: Error | undefined) => void)[] = [];
  private closed = false;
  readonly events: GuestEvent[] = [];
  /** The wall clock (ms) when the guest's uptime was 0. */
  bootedAt = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.inbox = Buffer.concat([this.inbox, chunk]);
      while (this.takeMessage());
    });
    socket.on('close', () => this.fail(new Error('the machine ended')));
  }

  private fail(error: Error): void {
    this.closed = true;
    for (const job of this.jobs.values()) job.reject(error);
    this.jobs.clear();
    for (const waiter of this.waiters.splice(0)) waiter(error);
  }

  private takeMessage(): boolean {
    const end = this.inbox.indexOf(10);
    if (end < 0) return false;
    const [verb, first = '', second = ''] = this.inbox.toString('latin1', 0, end).split(' ');
    let used = end + 1;
    if (verb === 'out' || verb === 'err') {
      const length = Number(second);
      if (this.inbox.length < used + length) return false;
      const data = this.inbox.subarray(used, used + length);
      this.jobs.get(first)?.[verb === 'out' ? 'stdout' : 'stderr'].push(data);
      used += length;
    } else if (verb === 'exit') this.finish(first, Number(second));
    else if (verb === 'event') this.events.push({ name: first, uptime: Number(second) });
    else if (verb === 'hello') this.greet(Number(first));
    this.inbox = this.inbox.subarray(used);
    return true;
  }

  private greet(uptime: number): void {
    // A guest that restarted has a new agent, which knows nothing of the old one's commands.
    for (const job of this.jobs.values()) if (this.greeted) job.reject(new Error('the guest restarted'));
    if (this.greeted) this.jobs.clear();
    this.greeted = true;
    this.bootedAt = Date.now() - uptime * 1000;
    for (const waiter of this.waiters.splice(0)) waiter(undefined);
  }

  private finish(id: string, code: number): void {
    const job = this.jobs.get(id);
    this.jobs.delete(id);
    job?.resolve({
      code,
      stdout: Buffer.concat(job.stdout).toString(),
      stderr: Buffer.concat(job.stderr).toString(),
    });
  }

  /** Resolves when the agent has said hello: the initramfs has its drivers. */
  ready(): Promise<void> {
    if (this.greeted) return Promise.resolve();
    if (this.closed) return Promise.reject(new Error('the machine ended'));
    return new Promise((resolve, reject) =>
      this.waiters.push((error) => {
        if (error === undefined) resolve();
        else reject(error);
      }),
    );
  }

  private send(id: string, message: Buffer): Promise<CommandResult> {
    if (this.closed) return Promise.reject(new Error('the machine ended'));
    return new Promise((resolve, reject) => {
      this.jobs.set(id, { stdout: [], stderr: [], resolve, reject });
      this.socket.write(message);
    });
  }

  /** Runs a shell command. Resolves when the command itself has ended, even if it left something running. */
  async run(context: Context, command: string, options: AgentOptions = {}): Promise<CommandResult> {
    await this.ready();
    const id = String(this.next++);
    const text = Buffer.from(command);
    const input = Buffer.from(options.input ?? '');
    const head = `run ${id} ${context} ${options.timeout ?? 120} ${text.length} ${input.length}\n`;
    return this.send(id, Buffer.concat([Buffer.from(head), text, input]));
  }

  /** Plugs a radio in or pulls it out. `card` is the guest's, every other name an access point's. */
  async radio(verb: 'add' | 'del', name: string): Promise<void> {
    await this.ready();
    const id = String(this.next++);
    const { code } = await this.send(id, Buffer.from(`radio ${id} ${verb} ${name}\n`));
    if (code !== 0) throw new Error(`radio ${verb} ${name}: ${code}`);
  }

  /** The guest's uptime in seconds, by the wall clock. */
  uptime(): number {
    return (Date.now() - this.bootedAt) / 1000;
  }

  close(): void {
    this.socket.destroy();
  }
}
