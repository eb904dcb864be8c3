import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessPoint } from '../air.ts';
import { forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { runCommand } from '../command.ts';
import { hostCommand } from '../host-commands.ts';
import { gateway } from './boots.ts';

// WPA-Enterprise: vm_wifi on the host, the real guest, and hostapd with its own EAP server on the air.

/** hostapd.eap_user. */
const USERS = `"me" PEAP,TTLS,TLS
"pw" PWD "good password"
"me" MSCHAPV2,TTLS-PAP "good password" [2]
`;

const CERTIFICATES = `
mkdir -p "$1" && cd "$1" && exec 2>/dev/null
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$2 $3 -days 3650 -out $4; }
new ca ca -x509 ca.pem; new other other -x509 other.pem
for name in server expired client; do
  new $name radius.example -new $name.csr
  days=3650; [ $name != expired ] || days=-1
  printf 'subjectAltName=DNS:radius.example\\nextendedKeyUsage=%s\\n' "$([ $name = client ] && echo clientAuth || echo serverAuth)" >extensions
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -extfile extensions -out $name.pem
done
`;

/** Debian's, of its libcrypto; air.ts says where hostapd looks for it. */
const MODULES = '/usr/lib/x86_64-linux-gnu/ossl-modules';

const certificates = (bench: Bench): string => join(bench.folder, 'certificates');

const server = (name: string): string[] => [
  ...['wpa=2', 'wpa_key_mgmt=WPA-EAP', 'rsn_pairwise=CCMP', 'ieee8021x=1'],
  ...['eap_server=1', 'eap_user_file=/tmp/eap/users', 'ca_cert=/tmp/eap/ca.pem', 'pwd_group=19'],
  ...[`server_cert=/tmp/eap/${name}.pem`, `private_key=/tmp/eap/${name}.key`],
];

/** Its login server is at an address that nobody has. */
const UNANSWERED = [
  ...['wpa=2', 'wpa_key_mgmt=WPA-EAP', 'rsn_pairwise=CCMP', 'ieee8021x=1'],
  ...['auth_server_addr=192.0.2.1', 'auth_server_shared_secret=secret', 'own_ip_addr=10.97.0.1'],
];

/** hostapd needs MD4 for MSCHAPv2, which OpenSSL has in a file of its own. */
export async function giveLegacyProvider(bench: Bench): Promise<void> {
  await bench.air.ok('cat >/tmp/legacy.so', { input: await readFile(`${MODULES}/legacy.so`) });
}

async function campus(bench: Bench): Promise<AccessPoint> {
  const there = bench.air.points.get('eap0');
  if (there) return there;
  await forwarding(bench, 180);
  const folder = certificates(bench);
  await runCommand('sh', ['-ec', CERTIFICATES, 'sh', folder]);
  for (const name of ['ca.pem', 'server.pem', 'server.key', 'expired.pem', 'expired.key'])
    await bench.air.ok(`mkdir -p /tmp/eap; cat >/tmp/eap/${name}`, {
      input: await readFile(join(folder, name), 'utf8'),
    });
  await bench.air.ok('cat >/tmp/eap/users', { input: USERS });
  await giveLegacyProvider(bench);
  return bench.air.start({
    name: 'eap0',
    ssid: 'campus',
    security: { kind: 'open' },
    network: '10.97.0',
    more: server('server'),
  });
}

async function joining(bench: Bench, words: readonly string[], input: string): Promise<[number, string]> {
  const at = (word: string) =>
    word.endsWith('.pem') || word.endsWith('.key') ? join(certificates(bench), word) : word;
  const done = await hostCommand(bench, ['vm_wifi', 'join', 'campus', ...words.map(at)], { input });
  const said = done.stdout + done.stderr;
  assert.doesNotMatch(said, /(good|bad) password/);
  return [done.code, said];
}

const ME = ['--identity', 'me', '--ca', 'ca.pem'];
const PEAP = ['--eap', 'peap', ...ME];

for (const [method, words, input] of [
  ['PEAP', [...PEAP, '--anonymous', 'me', '--domain-suffix', 'example'], 'good password\n'],
  ['TTLS', ['--eap', 'ttls', '--phase2', 'pap', ...ME], 'good password\n'],
  ['TLS', ['--eap', 'tls', ...ME, '--client-cert', 'client.pem', '--client-key', 'client.key'], ''],
  ['PWD', ['--eap', 'pwd', '--identity', 'pw'], 'good password\n'],
] as const)
  check(
    `EAP: vm_wifi joins by ${method}`,
    gateway,
    async (bench) => {
      await campus(bench);
      const [code, said] = await joining(bench, words, input);
      assert.equal(code, 0, said);
      assert.match(said, /address 10\.97\.0\.\d+; the guest keeps it/);
      await forwarding(bench, 30);
      const files = await bench.guestOk(
        "cd /var/lib/airhive/wifi && stat -c '%n %a' *-*.* 2>/dev/null; true",
      );
      assert.match(
        files,
        { PEAP: /^ca-\w+\.pem 600\n$/, TTLS: /^ca-\w+\.pem 600\n$/, TLS: /^(\S+ 600\n){3}$/, PWD: /^$/ }[
          method
        ],
      );
      assert.doesNotMatch(
        bench.machine.console.text + (await bench.guestOk('cat /var/log/messages')),
        /good password/,
      );
    },
    { limit: 400 },
  );

for (const [what, words, input, answer, log, certificate] of [
  [
    'a certificate of another CA',
    ['--eap', 'peap', '--identity', 'me', '--ca', 'other.pem'],
    'good',
    /is not trusted/,
    /certificate not trusted for "campus"/,
    'server',
  ],
  [
    'a certificate with the wrong name',
    [...PEAP, '--domain-suffix', 'other.example'],
    'good',
    /has the wrong name in it/,
    /wrong name in the certificate for "campus"/,
    'server',
  ],
  ['an expired certificate', PEAP, 'good', /has expired/, /certificate expired for "campus"/, 'expired'],
  [
    'an unknown identity',
    ['--eap', 'peap', '--identity', 'nobody', '--ca', 'ca.pem'],
    'good',
    /refuses the identity/,
    /identity refused for "campus"/,
    'server',
  ],
  ['a wrong password', PEAP, 'bad', /refuses the password/, /password refused for "campus"/, 'server'],
  [
    'no answer from the login server',
    PEAP,
    'good',
    /no answer from the network's login server/,
    /no answer from the login server of "campus"/,
    '',
  ],
] as const)
  check(
    `EAP: ${what} is said so, and it goes back`,
    gateway,
    async (bench) => {
      const point = await campus(bench);
      if ((await hostCommand(bench, ['vm_wifi', 'forget', 'campus'])).code === 0)
        await forwarding(bench, 180);
      await point.change({ more: certificate === '' ? UNANSWERED : server(certificate) });
      const from = bench.machine.console.position;
      const [code, said] = await joining(bench, words, `${input} password\n`);
      assert.match(said, answer);
      assert.equal(code, 5);
      await bench.machine.console.waitFor(log, 60, from);
      await forwarding(bench, 180);
      assert.equal(await bench.guestOk('ls /var/lib/airhive/wifi'), 'wpa_supplicant.conf\n');
    },
    { limit: 400 },
  );

check('EAP: the campus is gone again', gateway, async (bench) => {
  const point = bench.air.points.get('eap0');
  if (point) await bench.air.remove(point);
  await forwarding(bench, 180);
});
