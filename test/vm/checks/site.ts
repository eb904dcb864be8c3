import assert from 'node:assert/strict';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forwarding, keysFor } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { runCommand } from '../command.ts';
import { hostEnvironment } from '../host-commands.ts';
import { sshArguments } from '../keys.ts';
import { gateway, HOME_NETWORK } from './boots.ts';

// What vm_site does once its disk is written, with real OpenSSH and the real guest. eduroam.ts runs it whole.

const OTHER = { ssid: 'other', passphrase: 'a "quoted" # word' };

/** The files of a site as vm_site has them when it tells the guest, and the bundle's own keys beside it. */
async function siteOf(bench: Bench, network: { ssid: string; passphrase: string }): Promise<string> {
  const { admin, tunnel, host } = await keysFor(bench);
  const bundle = join(bench.folder, 'dist/bench');
  const keys = join(bundle, 'data/keys');
  const will = join(bench.folder, 'site.work/will');
  await rm(join(will, '..'), { recursive: true, force: true });
  await mkdir(will, { recursive: true });
  await mkdir(keys, { recursive: true });
  await copyFile(admin.path, join(keys, 'admin'));
  await writeFile(join(keys, 'known_hosts'), `${bench.host.addresses.guest} ${host.public}\n`);
  await writeFile(join(will, 'admin_keys'), `${admin.public}\n`);
  await writeFile(join(will, 'tunnel_keys'), `${tunnel.public}\n`);
  await writeFile(join(will, 'ssh_host_ed25519_key'), host.private);
  const block = `network_block "$(network_hex '${network.ssid}')" '${network.passphrase}' '' 0 >"$WORK/will/networks.conf"`;
  await vmSite(bench, block);
  return will;
}

/** Runs functions of vm_site on the host, and returns what they say. */
async function vmSite(bench: Bench, line: string): Promise<string> {
  const bundle = join(bench.folder, 'dist/bench');
  const sources = ['common', 'ssh', 'site', 'networks'].map((name) => `. "$HERE/lib/${name}"`);
  const script = [`HERE=${bundle}`, ...sources, `WORK=${bench.folder}/site.work`, line].join('\n');
  const words = [...(await hostEnvironment(bench)), 'sh', '-c', script];
  const result = await bench.host.exec('env', words, { timeout: 60 });
  assert.equal(result.code, 0, result.stderr);
  return result.stdout + result.stderr;
}

const taken = (bench: Bench) =>
  bench.guestOk(
    `cd /run/airhive && sha256sum site/* keys/* ssh_host_ed25519_key && pidof wpa_supplicant
    for name in * site/*; do stat -c '%n %a %u %s' "$name"; done | sed '/^said /d'`,
  );

check(
  'vm_site: a running guest joins a network that it is sent',
  gateway,
  async (bench) => {
    const { console } = bench.machine;
    await forwarding(bench, 180);
    await bench.air.start({
      name: 'ap9',
      ssid: OTHER.ssid,
      security: { kind: 'psk', passphrase: OTHER.passphrase },
      network: '10.88.0',
    });
    await siteOf(bench, OTHER);
    const from = console.position;
    const begin = Date.now();
    assert.match(await vmSite(bench, 'site_tell_guest'), /the running guest has taken it/);
    await console.waitFor(/connected to "other"/, 30, from);
    await forwarding(bench, 30);
    bench.report(`on the other network ${((Date.now() - begin) / 1000).toFixed(1)} s after it was sent`);
    assert.match(await bench.guestOk('ip -4 addr show wlan0'), /inet 10\.88\.0\./);
    assert.equal(
      await bench.guestOk('cat /run/airhive/site/networks.conf'),
      await bench.host.sh(`cat ${bench.folder}/site.work/will/networks.conf`).then(({ stdout }) => stdout),
    );
    assert.match(await bench.guestOk('stat -c %a /run/airhive/site/*'), /^(600\n){4}$/);
    assert.doesNotMatch(console.text + (await bench.guestOk('cat /var/log/messages')), /quoted/);
  },
  { limit: 400 },
);

check('vm_site: nothing of a hostile archive is taken', gateway, async (bench) => {
  const { admin } = await keysFor(bench);
  const will = join(bench.folder, 'site.work/will');
  const sh = (line: string) => runCommand('/bin/sh', ['-c', line]);
  await sh(
    `cd ${will} && tar -cf ../whole.tar --format ustar * && cd .. && head -c 2048 whole.tar >short.tar
    head -c "$(($(wc -c <whole.tar) - 9500))" whole.tar >shorter.tar
    mkdir -p odd && cd odd && cp ../will/* . && ln -sf /etc/shadow networks.conf && tar -cf ../link.tar *
    rm networks.conf && ln admin_keys networks.conf && tar -cf ../hard.tar * && rm networks.conf
    cp admin_keys authorized_keys && tar -cf ../name.tar * && tar -cPf ../path.tar "$PWD/admin_keys" && rm authorized_keys
    head -c 70000 /dev/zero | tr '\\0' '#' >networks.conf && tar -cf ../large.tar * && rm networks.conf admin_keys
    tar -cf ../keyless.tar * && head -c 3000000 /dev/zero >../zeros.tar && : >../empty.tar`,
  );
  const before = await taken(bench);
  const said = new Set<string>();
  for (const name of [
    'short',
    'shorter',
    'link',
    'hard',
    'name',
    'path',
    'large',
    'keyless',
    'zeros',
    'empty',
  ]) {
    const ssh = ['ssh', ...sshArguments(admin.path), `root@${bench.host.addresses.guest}`];
    const line = `exec ${ssh.join(' ')} /usr/libexec/airhive/site-import --stdin <${will}/../${name}.tar`;
    const { code, stdout } = await bench.host.sh(line, { timeout: 30 });
    assert.equal(code, 1, `${name}: ${stdout}`);
    assert.match(stdout, /^refused: [^\n]*\n$/, name);
    said.add(stdout);
  }
  bench.report([...said].map((line) => line.trim()).join('; '));
  assert.equal(await taken(bench), before);
});

check('vm_site: and back again', gateway, async (bench) => {
  await siteOf(bench, HOME_NETWORK);
  const from = bench.machine.console.position;
  assert.match(await vmSite(bench, 'site_tell_guest'), /the running guest has taken it/);
  await bench.machine.console.waitFor(/connected to "home"/, 30, from);
  await forwarding(bench, 30);
  await bench.air.points.get('ap9')?.off();
  const again = bench.machine.console.position;
  assert.match(await vmSite(bench, 'site_tell_guest'), /the running guest has taken it/);
  assert.doesNotMatch(bench.machine.console.text.slice(again), /connected/);
});
