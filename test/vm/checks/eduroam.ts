import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { confOf, EDUROAM, MAKE_CERTIFICATES, PASSWORD } from '../../fixtures/eduroam.ts';
import { forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { runCommand } from '../command.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';
import { gateway, HOME_NETWORK } from './boots.ts';
import { giveLegacyProvider } from './eap.ts';

// The configurations of test/fixtures/eduroam.ts, in one file, are imported by the host's vm_site, and the guest joins with
// each. test/host/eduroam.test.ts imports them one by one.

/** A server with all the names that they look for, and the public CAs of the guest are ours. */
const SERVER = `
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -subj /CN=radius.uni.example -new -out server.csr
printf 'extendedKeyUsage=serverAuth\\nsubjectAltName=%s\\n' \
  DNS:radius1.uni.example,DNS:radius2.uni.example,DNS:radius.uni.example,DNS:radius.college.example >extensions
openssl x509 -req -in server.csr -CA CA -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions -out server.pem
`;

const inside = [
  'u123@uni.example',
  'login@uni.example',
  'a.b@uni.example',
  'me@uni.example',
  'guest@uni.example',
];

/** hostapd.eap_user. */
const USERS = `"host/laptop@institute.example" TLS
"user@institute.example" TLS
"me@net.example" PWD "${PASSWORD}"
* PEAP,TTLS
"member@college.example" TTLS-PAP "${PASSWORD}" [2]
${inside.map((name) => `"${name}" MSCHAPV2,TTLS-PAP,TTLS-MSCHAPV2 "${PASSWORD}" [2]\n`).join('')}`;

const place = (bench: Bench): string => join(bench.folder, 'usr/local/etc');

/** The site disk is that of the boot, and the machine looks for certificates where the configurations say. */
async function eduroam(bench: Bench): Promise<void> {
  const { air, folder } = bench;
  if (air.points.has('edu0')) return;
  await forwarding(bench, 180);
  await mkdir(place(bench), { recursive: true });
  await runCommand('sh', [
    '-ec',
    `cd "$1"; exec 2>/dev/null; ${MAKE_CERTIFICATES}${SERVER}`,
    'sh',
    place(bench),
  ]);
  for (const name of ['CA', 'server.pem', 'server.key'])
    await air.ok(`mkdir -p /tmp/edu; cat >/tmp/edu/${name}`, {
      input: await readFile(join(place(bench), name)),
    });
  await air.ok('cat >/tmp/edu/users', { input: USERS });
  await giveLegacyProvider(bench);
  await bench.guestOk('cat >/etc/ssl/cert.pem', { input: await readFile(join(place(bench), 'CA')) });
  await mkdir(join(folder, 'dist/bench/data'), { recursive: true, mode: 0o700 });
  await copyFile(join(folder, 'dist/bench.site.img'), join(folder, 'dist/bench/data/site.img'));
  await site(bench, ['remove', 'home']);
  await air.start({
    name: 'edu0',
    ssid: 'eduroam',
    security: { kind: 'open' },
    network: '10.98.0',
    more: [
      ...['wpa=2', 'wpa_key_mgmt=WPA-EAP', 'rsn_pairwise=CCMP', 'ieee80211w=1', 'ieee8021x=1'],
      ...['eap_server=1', 'eap_user_file=/tmp/edu/users', 'ca_cert=/tmp/edu/CA', 'pwd_group=19'],
      ...['server_cert=/tmp/edu/server.pem', 'private_key=/tmp/edu/server.key'],
    ],
  });
}

async function site(bench: Bench, words: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await hostCommand(bench, ['vm_site', ...words], { input });
  const said = stdout + stderr;
  assert.equal(code, 0, said);
  assert.match(said, /the running guest has taken it/);
  assert.doesNotMatch(said, new RegExp(PASSWORD));
  return said;
}

/** Only a file may begin with a mark. */
const ORDER = [...EDUROAM].sort(
  (one, other) => Number(other.conf.startsWith('\ufeff')) - Number(one.conf.startsWith('\ufeff')),
);

check('EAP: eduroam: vm_site imports all ways of configuring it', gateway, async (bench) => {
  await eduroam(bench);
  const conf = join(place(bench), 'eduroam.conf');
  const der = await readFile(join(place(bench), 'der'));
  await writeFile(conf, ORDER.map((file) => confOf(file, der)).join(''));
  const said = await site(bench, ['import', conf]);
  assert.equal(said.match(/: taken \(Enterprise/g)?.length, EDUROAM.length, said);
  assert.doesNotMatch(said, /left out/);
});

ORDER.forEach((file, id) =>
  check(
    `EAP: eduroam: joins: ${file.what}`,
    gateway,
    async (bench) => {
      const method = /\((\w+)\)/.exec(file.security)?.[1] ?? '';
      const wanted = [
        /^EAP state=SUCCESS$/m,
        /^wpa_state=COMPLETED$/m,
        new RegExp(`^id=${id}$`, 'm'),
        new RegExp(`^selectedMethod=.*EAP-${method}\\)$`, 'm'),
      ];
      // With a key of the last network in its cache it would join without any EAP.
      await eventually('wpa_supplicant', 60, () =>
        bench.guestOk(`wpa_cli -i wlan0 pmksa_flush && wpa_cli -i wlan0 select_network ${id}`),
      );
      await eventually('joined', 120, async () => {
        const status = await bench.guestOk('wpa_cli -i wlan0 status');
        return wanted.every((line) => line.test(status));
      });
    },
    { limit: 400 },
  ),
);

check('EAP: eduroam: a network like others, and gone again', gateway, async (bench) => {
  await eduroam(bench);
  await forwarding(bench, 60);
  assert.match(await bench.guestOk('ip route show default'), /via 10\.98\.0\.1 /);
  assert.doesNotMatch(bench.machine.console.text, new RegExp(PASSWORD));
  await site(bench, ['add', 'home'], `${HOME_NETWORK.passphrase}\n`);
  await site(bench, ['remove', 'eduroam']);
  await forwarding(bench, 60);
  const point = bench.air.points.get('edu0');
  if (point) await bench.air.remove(point);
});
