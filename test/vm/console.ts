import type { Socket } from 'node:net';

export interface ConsoleMatch {
  readonly match: RegExpExecArray;
  /** Seconds since the machine was started (wall clock). */
  readonly at: number;
}

/** The guest's serial console: everything it ever said, and a keyboard. */
export class SerialConsole {
  private readonly socket: Socket;
  private readonly started: number;
  private readonly watchers = new Set<() => void>();
  private closed = false;
  /** All output so far, control characters included. */
  text = '';
  /** Offset in `text` and seconds since start of each arrival, for telling when a line came. */
  private readonly arrivals: [offset: number, at: number][] = [];

  constructor(socket: Socket, started: number) {
    this.socket = socket;
    this.started = started;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.arrivals.push([this.text.length, (Date.now() - this.started) / 1000]);
      this.text += chunk;
      // A person's terminal tells where its cursor is when it is asked; busybox ash asks before it reads a line.
      if (chunk.includes('\x1b[6n')) socket.write('\x1b[1;1R');
      this.wake();
    });
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  private wake(): void {
    for (const watcher of this.watchers) watcher();
  }

  private timeOf(offset: number): number {
    return this.arrivals.findLast(([start]) => start <= offset)?.[1] ?? 0;
  }

  /** Where output stands now; hand it to `waitFor` to look only at what comes later. */
  get position(): number {
    return this.text.length;
  }

  type(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /**
   * Waits until the output from `from` on matches. UTF-8 is not decoded: give bytes above 127 as latin1.
   * Throws after `seconds`, or when the machine ends first.
   */
  waitFor(pattern: RegExp, seconds: number, from = 0): Promise<ConsoleMatch> {
    return new Promise((resolve, reject) => {
      const finish = (action: () => void): void => {
        clearTimeout(timer);
        this.watchers.delete(look);
        action();
      };
      const fail = (why: string): void =>
        finish(() =>
          reject(new Error(`${why} before the console said ${String(pattern)}; last: ${this.tail(300)}`)),
        );
      const look = (): void => {
        const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(
          this.text.slice(from),
        );
        if (match !== null) finish(() => resolve({ match, at: this.timeOf(from + match.index) }));
        else if (this.closed) fail('the machine ended');
      };
      const timer = setTimeout(() => fail(`${seconds} s passed`), seconds * 1000);
      this.watchers.add(look);
      look();
    });
  }

  /** The output from `from` on, each line with the seconds since start at which it began. */
  timeline(from = 0): string {
    let offset = from;
    const lines = this.text.slice(from).split('\n');
    return lines
      .map((line) => {
        const at = this.timeOf(offset);
        offset += line.length + 1;
        return `${at.toFixed(1).padStart(6)} ${line.replaceAll('\r', '')}`;
      })
      .join('\n');
  }

  tail(length: number): string {
    return this.text.slice(-length);
  }
}
