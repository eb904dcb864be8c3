import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Connects to a unix socket that somebody is about to open; gives up after ten seconds. */
export async function connectWhenThere(path: string): Promise<Socket> {
  const end = Date.now() + 10_000;
  for (;;) {
    const socket = connect(path);
    const error = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', resolve);
    });
    if (error === undefined) {
      // QEMU being killed is no error of ours; whoever waits learns of it by the process' end.
      socket.on('error', () => undefined);
      return socket;
    }
    if (Date.now() > end) throw error;
    await pause(20);
  }
}
