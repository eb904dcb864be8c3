import assert from 'node:assert/strict';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { keysFor } from '../bundle.ts';
import { eventually } from '../eventually.ts';
import { sshArguments } from '../keys.ts';
import { listening, tryPorts, wlanAddress } from '../probe.ts';
import { gateway } from './boots.ts';

// The reverse tunnel's key: one port, and nothing else.

async function tunnelSsh(bench: Bench, words: readonly string[], user = 'tunnel'): Promise<string[]> {
  const { tunnel } = await keysFor(bench);
  const options = ['-o', 'ExitOnForwardFailure=yes', ...words];
  return [...sshArguments(tunnel.path), ...options, `${user}@${bench.host.addresses.guest}`];
}

check('tunnel: port 2210 of the Wi-Fi side reaches the host', gateway, async (bench) => {
  const stopServer = await listening(bench, 'tcp', 22, 'host-sshd');
  const child = bench.host.start('ssh', await tunnelSsh(bench, ['-N', '-R', '2210:localhost:22']));
  const address = await wlanAddress(bench);
  await eventually('an answer on 2210', 15, async () => {
    return (await bench.air.exec(`nc -w 2 ${address} 2210 </dev/null`)).stdout === 'host-sshd';
  });
  child.kill('SIGTERM');
  await eventually(
    '2210 closed again',
    15,
    async () => (await tryPorts(bench, address, [2210])).open.length === 0,
  );
  stopServer();
});

check('tunnel: its key can do nothing else', gateway, async (bench) => {
  const { host } = bench;
  const run = async (words: readonly string[], after: readonly string[] = [], user = 'tunnel') =>
    host.exec('ssh', [...(await tunnelSsh(bench, words, user)), ...after], { timeout: 10 });
  for (const command of [['id'], []]) {
    const shell = await run(['-tt'], command);
    assert.notEqual(shell.code, 0);
    assert.equal(shell.stdout.replaceAll(/\s/g, ''), '');
  }
  assert.equal((await run([], ['true'], 'root')).code, 255, 'as root');
  for (const port of ['2211', '22', '8080', '0']) {
    const other = await run(['-N', '-R', `${port}:localhost:22`]);
    assert.equal(other.code, 255, `-R ${port}`);
    assert.match(other.stderr, /forwarding failed/);
  }
  for (const target of ['127.0.0.1:22', '172.24.1.1:53', '203.0.113.10:80', 'localhost:7']) {
    const through = await run(['-W', target]);
    assert.notEqual(through.code, 0, `-W ${target}`);
    assert.equal(through.stdout, '');
  }
  assert.notEqual((await run(['-N', '-w', '0:0'])).code, 0, 'tun device');
  assert.notEqual((await run(['-s'], ['sftp'])).code, 0, 'sftp');
});
