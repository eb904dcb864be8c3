import assert from 'node:assert/strict';
import { copyFile, link, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forwarding, keysFor } from '../bundle.ts';
import { check } from '../check.ts';
import { runCommand } from '../command.ts';
import { hostCommand } from '../host-commands.ts';
import { wlanAddress } from '../probe.ts';
import { HOME_NETWORK } from './boots.ts';
import { roaming } from './roaming.ts';

// What the host's commands tell of the real guest. After the checks of roaming.ts, whose machine this is.

const LEARNT = 'learnt by the guest 99';
const RAW = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0';

check('vm_status: what the guest says of itself', roaming, async (bench) => {
  await forwarding(bench, 180);
  const { code, stdout } = await hostCommand(bench, ['vm_status', '--json']);
  assert.equal(code, 0);
  const said = JSON.parse(stdout) as Record<string, unknown>;
  const address = `${await wlanAddress(bench)}/24`;
  assert.deepEqual(
    [said.state, said.ssid, said.key_mgmt, said.frequency_mhz, said.address, said.refused],
    ['online', 'home', 'WPA2-PSK', 2412, address, null],
  );
  assert.ok(Number(said.signal_dbm) < 0, stdout);
  const screen = (await hostCommand(bench, ['vm_status'])).stdout;
  assert.match(screen, /^network +"home", WPA2-PSK, 2412 MHz$/m);
  assert.ok(screen.includes(`address   ${address}\n`), screen);
});

check(
  'vm_log: the guest, its log, its kernel and its console, and no secret',
  roaming,
  async (bench) => {
    const { folder } = bench;
    const { host, admin } = await keysFor(bench);
    const body = host.private.split('\n')[2] ?? '-';
    const secrets = [HOME_NETWORK.passphrase, LEARNT, RAW, body, admin.private.split('\n')[2] ?? '-'];
    const blocks = `network={\n\tssid="learnt"\n\tpsk="${LEARNT}"\n}\nnetwork={\n\tssid="raw"\n\tpsk=${RAW}\n}\n`;
    await bench.guestOk('cat >>/var/lib/airhive/wifi/wpa_supplicant.conf && sync', { input: blocks });
    // What careless programs would print, wherever vm_log looks.
    const careless = secrets.map((secret) => `planted: ${secret} and on\n`).join('');
    await bench.guestOk(
      `cat >/tmp/careless
      while IFS= read -r line; do logger -t careless -- "$line"; echo "$line" >/dev/kmsg; echo "$line" >/dev/ttyS0; done </tmp/careless
      cat /tmp/careless >>/var/lib/airhive/log/airhive.log; rm /tmp/careless`,
      { input: careless },
    );
    const logs = join(folder, 'var/log/airhive');
    await mkdir(logs, { recursive: true });
    await copyFile(join(folder, 'console.log'), join(logs, 'airhive.log'));
    const { state = '', site = '' } = bench.spec;
    // Where vm_log learns the secrets; the bench's data/ lies in the bundle's directory.
    await link(state, join(folder, 'dist/bench/data/state.img'));
    await copyFile(site, join(folder, 'dist/bench/data/site.img'));
    const archive = join(folder, 'report.tar.gz');
    const { code, stderr } = await hostCommand(bench, ['vm_log', archive]);
    assert.equal(code, 0, stderr);
    await runCommand('tar', ['-xzf', archive, '-C', folder]);
    const inside = join(folder, 'airhive-log');
    const texts = new Map<string, string>();
    for (const name of await readdir(inside)) texts.set(name, await readFile(join(inside, name), 'latin1'));
    const guest = texts.get('guest.txt') ?? '';
    for (const part of [
      'rc-status -a',
      'ip addr',
      'iptables -L -n -v -x',
      'dmesg',
      'tail -n 400 /var/log/messages',
    ])
      assert.ok(guest.includes(`\n=== ${part}\n`), `${part} in guest.txt`);
    assert.match(guest, /airhive-dns +\[ +started/);
    assert.match(guest, /=== end\n$/);
    assert.match(texts.get('console.log.txt') ?? '', /airhive: connected to "network-\d+"/);
    // They were there: in the guest's log of this boot, the one that is kept, and its kernel's; and on the console.
    assert.ok((guest.match(/planted: \(secret\) and on/g)?.length ?? 0) >= 3 * 3, 'planted in guest.txt');
    assert.match(texts.get('console.log.txt') ?? '', /planted: \(secret\) and on/);
    for (const [name, text] of texts) {
      for (const secret of secrets) {
        assert.ok(!text.includes(secret), `${name}: ${secret}`);
        assert.ok(!text.includes(Buffer.from(secret).toString('hex')), `${name}: ${secret} as digits`);
      }
    }
  },
  { limit: 400 },
);

check('airhive-site: a reload keeps what the host has sent', roaming, async (bench) => {
  const { folder, host } = bench;
  const { admin } = await keysFor(bench);
  const sent = join(folder, 'sent');
  await mkdir(sent);
  const disk = bench.spec.site ?? '';
  for (const name of ['admin_keys', 'tunnel_keys', 'ssh_host_ed25519_key', 'networks.conf'])
    await runCommand('mcopy', ['-i', disk, `::${name}`, join(sent, name)]);
  const options = [
    '-F',
    'none',
    '-i',
    admin.path,
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
  ];
  const told = await host.sh(
    `cd ${sent} && printf 'network={\\n\\tssid="newer"\\n\\tkey_mgmt=NONE\\n}\\n' >>networks.conf &&
    tar -cf - --format ustar * | ssh ${options.join(' ')} root@${host.addresses.guest} /usr/libexec/airhive/site-import --stdin`,
  );
  assert.equal(told.stdout, 'taken\n', told.stderr);
  const networks = await bench.guestOk('cat /run/airhive/site/networks.conf');
  assert.match(networks, /newer/);
  const from = bench.machine.console.position;
  await bench.guestOk('rc-service airhive-site reload');
  await bench.machine.console.waitFor(
    /the host has sent newer networks and keys than the site disk has/,
    5,
    from,
  );
  assert.equal(await bench.guestOk('cat /run/airhive/site/networks.conf'), networks);
  await forwarding(bench, 180);
});
