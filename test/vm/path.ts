import assert from 'node:assert/strict';
import { bigDigest } from './air.ts';
import { SERVER } from './air-config.ts';
import type { Bench } from './check.ts';

// What the path from the host to the far side carries.

/** Loads so many bytes from the server at SERVER.address; fails unless each arrives as it was sent. */
export async function download({ host }: Bench, bytes: number, seconds?: number): Promise<void> {
  const { stdout } = await host.sh(
    `curl -s http://${SERVER.address}/big/${bytes} | sha256sum`,
    seconds === undefined ? {} : { timeout: seconds },
  );
  assert.equal(stdout.split(' ')[0], bigDigest(bytes), 'the download');
}

/**
 * The size that the host is told of when a packet with so many bytes behind its ICMP header is too large for the path and
 * not to be cut up; all that ping says when it is told nothing.
 */
export async function sizeTold({ host }: Bench, address: string, bytes: number): Promise<string> {
  const words = ['-M', 'do', '-c', '1', '-W', '3', '-s', String(bytes), address];
  const { stdout } = await host.exec('ping', words);
  return /Frag needed and DF set \(mtu = (\d+)\)/.exec(stdout)?.[1] ?? stdout;
}
