import assert from 'node:assert/strict';
import { SERVER } from '../air-config.ts';
import { forwarding, keysFor } from '../bundle.ts';
import { check } from '../check.ts';
import { eventually } from '../eventually.ts';
import { makeKeyPair, sshExec } from '../keys.ts';
import { download } from '../path.ts';
import { gateway } from './boots.ts';

// The ordinary case: everything on the ISO, one network known, nothing wrong.

check('gateway: login on ttyS0', gateway, async (bench) => {
  const { console } = bench.machine;
  const { at } = await console.waitFor(/airhive login:/, 180);
  bench.report(`login prompt ${at.toFixed(1)} s after QEMU's start`);
  const from = console.position;
  console.type('root\n');
  await console.waitFor(/# /, 20, from);
  console.type('echo o""k; exit\n');
  await console.waitFor(/\nok/, 20, from);
});

check('gateway: the host gets through', gateway, async (bench) => {
  await forwarding(bench, 180);
  bench.report(`host to far side ${bench.machine.seconds().toFixed(1)} s after QEMU's start`);
});

check('gateway: hostname, eth0, services', gateway, async (bench) => {
  assert.equal(await bench.guestOk('hostname'), 'airhive\n');
  assert.match(await bench.guestOk('ip -4 addr show eth0'), /inet 172\.24\.1\.1\/24 /);
  await eventually('all services', 120, async () => {
    const status = await bench.guestOk('rc-status -a');
    const wanted = 'site state firewall wifi dhcp roam watch dns'.split(' ').map((name) => `airhive-${name}`);
    for (const name of [...wanted, 'sshd', 'acpid', 'syslog', 'networking'])
      assert.match(status, new RegExp(`^ *${name} +\\[ +started`, 'm'));
    assert.doesNotMatch(status, /crashed|failed/);
    return true;
  });
  assert.doesNotMatch(bench.machine.console.text, /ERROR|not found|[Nn]o such file|syntax/);
});

check('gateway: ssh for the admin key and nobody else', gateway, async (bench) => {
  const { admin, tunnel, host } = await keysFor(bench);
  const good = await sshExec(bench.host, admin, 'root', 'cat /etc/hostname');
  assert.deepEqual([good.code, good.stdout], [0, 'airhive\n'], good.stderr);
  for (const key of [await makeKeyPair(bench.folder, 'stranger'), tunnel])
    assert.equal((await sshExec(bench.host, key, 'root', 'true')).code, 255);
  const scan = await bench.host.exec('ssh-keyscan', ['-t', 'ed25519', bench.host.addresses.guest]);
  assert.ok(scan.stdout.includes(host.public.split(' ')[1] ?? '-'), 'the host key of the site');
  const methods = await bench.host.exec('ssh', [
    ...['-F', 'none', '-v', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no'],
    ...['-o', 'UserKnownHostsFile=/dev/null', '-o', 'PreferredAuthentications=none'],
    `root@${bench.host.addresses.guest}`,
  ]);
  assert.match(methods.stderr, /Authentications that can continue: publickey\r?\n/);
});

check('gateway: server by address and by name, as the guest', gateway, async (bench) => {
  const { host } = bench;
  const lease = /inet (\S+)\//.exec(await bench.guestOk('ip -4 addr show wlan0'))?.[1];
  assert.equal((await host.exec('curl', ['-s', `http://${SERVER.address}/ip`])).stdout, `${String(lease)}\n`);
  assert.equal((await host.exec('curl', ['-s', `http://${SERVER.name}/ip`])).stdout, `${String(lease)}\n`);
  const udp = await host.exec('dig', ['+short', '+tries=1', '@172.24.1.1', SERVER.name]);
  assert.equal(udp.stdout, `${SERVER.address}\n`);
  const tcp = await host.exec('dig', ['+short', '+tcp', '+tries=1', '@172.24.1.1', SERVER.name]);
  assert.equal(tcp.stdout, `${SERVER.address}\n`);
  await download(bench, 5_000_000);
});
