import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { freshFolder, run } from '../../fixtures/scratch.ts';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { variant } from '../../fixtures/profiles.ts';
import { hasTool } from '../../tools.ts';
import { Guest } from './guest.ts';

/*
 * WPA-Enterprise (EAP) with the real wpa_supplicant and hostapd's own EAP server, over a cable of their own: what airhive-watch
 * hears of each failure, and what it says.
 */
const TOOLS = ['hostapd', 'wpa_supplicant', 'wpa_cli', 'openssl', 'unshare', 'ip'];
const isReady = TOOLS.every(hasTool);

const USERS = `"u" PEAP,TTLS,PWD
"outer" PEAP
"pw" PWD "good password"
"u" MSCHAPV2,TTLS-PAP "good password" [2]
`;

const CERTIFICATES = `
for ca in ca other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $ca.key -out $ca.pem -days 3650 -subj "/CN=$ca"
done
printf 'subjectAltName=DNS:radius.example\\nextendedKeyUsage=serverAuth\\n' >extensions
for name in server expired; do
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.csr -subj /CN=radius.example
  days=3650; [ $name = server ] || days=-1
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -extfile extensions -out $name.pem
done
`;

/**
 * hostapd at one end of a cable, wpa_supplicant and airhive-watch at the other. Over a cable wpa_supplicant gives a network
 * up only when it ends itself.
 */
const SCRIPT = `
cd "$1" || exit 1
await() { tries=0; until grep -q "$1" "$2" || [ $tries -ge 300 ]; do /bin/sleep 0.1; tries=$((tries + 1)); done; }
ip link set lo up; ip link add ea0 type veth peer name eb0; ip link set ea0 up; ip link set eb0 up
hostapd hostapd.conf >hostapd.log 2>&1 & hostapd=$!
await AP-ENABLED hostapd.log
wpa_supplicant -d -i ea0 -D wired -c wpa.conf >wpa.log 2>&1 & wpa=$!
await 'Added interface ea0' wpa.log
mkdir -p run/airhive; : >run/airhive/eap
sh "$2" >/dev/null 2>&1 & watch=$!
await 'monitor attached' wpa.log
wpa_cli -i ea0 enable_network 0 >/dev/null
await 'CTRL-EVENT-EAP-FAILURE\\|CTRL-EVENT-EAP-SUCCESS' wpa.log
# airhive-watch takes the file away when it has heard that too. A wpa_cli that finds nobody at its next question forgets the rest.
tries=0; while [ -e run/airhive/eap ] && [ $tries -lt 300 ]; do /bin/sleep 0.1; tries=$((tries + 1)); done
kill $wpa
await "$4" "$3"
kill -9 $watch $hostapd
exit 0
`;

describe.skipIf(!isReady)(`EAP (needs ${TOOLS.join(', ')})`, () => {
  const folder = freshFolder();
  beforeAll(() => {
    run('sh', ['-ec', `cd "$1"; exec 2>/dev/null; ${CERTIFICATES}`, 'sh', folder]);
    writeFileSync(join(folder, 'users'), USERS);
  }, 60_000);

  /** What is said when wpa_supplicant tries with these settings. */
  function said(server: string, settings: readonly string[], joins = false): { said: string[]; guest: Guest } {
    const guest = new Guest('watch');
    for (const name of ['ssid.awk', 'networks.awk', 'country.awk']) {
      const awk = `usr/libexec/airhive/${name}`;
      guest.write(awk, textAt(guestTree(variant()), awk));
    }
    guest.write('etc/airhive/airhive.conf', 'WLAN=ea0\n');
    guest.write('usr/libexec/airhive/card', '#!/bin/sh\n');
    guest.tool('wpa_cli', `exec ${run('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin; command -v wpa_cli']).toString().trim()} -p "$GUEST/ctrl" "$@"`);
    const at = (name: string) => join(folder, name);
    guest.write(
      'hostapd.conf',
      `interface=eb0\ndriver=wired\nieee8021x=1\neap_server=1\neap_user_file=${at('users')}\nca_cert=${at('ca.pem')}\n` +
        `server_cert=${at(`${server}.pem`)}\nprivate_key=${at(`${server}.key`)}\npwd_group=19\n`,
    );
    guest.write(
      'wpa.conf',
      `ctrl_interface=${guest.root}/ctrl\nap_scan=0\nnetwork={\ndisabled=1\nssid="campus"\nkey_mgmt=IEEE8021X\n${settings.join('\n')}\n}\n`,
    );
    const path = `PATH=${join(guest.root, 'bin')}:${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
    const log = join(guest.root, 'var/lib/airhive/log/airhive.log');
    const script = join(guest.root, 'usr/libexec/airhive/watch');
    run('env', [path, `GUEST=${guest.root}`, 'unshare', '-rnpf', '--kill-child', 'sh', '-c', SCRIPT, 'sh', guest.root, script, joins ? 'wpa.log' : log, joins ? 'CTRL-EVENT-TERMINATING' : 'campus']);
    return { said: guest.said, guest };
  }

  const ca = `ca_cert="${folder}/ca.pem"`;
  const good = 'password="good password"';
  const bad = 'password="bad password"';
  const peap = ['eap=PEAP', 'identity="u"', 'phase2="auth=MSCHAPV2"'];

  it.each<[string, string, string[], RegExp]>([
    ['a CA that is not trusted', 'server', [...peap, good, `ca_cert="${folder}/other.pem"`], /^certificate not trusted for "campus": /],
    [
      'the wrong name',
      'server',
      [...peap, good, ca, 'domain_suffix_match="other.example"'],
      /^wrong name in the certificate for "campus": /,
    ],
    [
      'the wrong name, whole',
      'server',
      [...peap, good, ca, 'domain_match="other.example"'],
      /^wrong name in the certificate for "campus": /,
    ],
    [
      'the wrong name, of other kinds',
      'server',
      [...peap, good, ca, 'altsubject_match="DNS:other.example"'],
      /^wrong name in the certificate for "campus": /,
    ],
    ['an expired certificate', 'expired', [...peap, good, ca], /^certificate expired for "campus": /],
    ['an unknown identity', 'server', ['eap=PEAP', 'identity="nobody"', good, ca], /^identity refused for "campus": /],
    [
      'an unknown identity behind an anonymous one',
      'server',
      ['eap=PEAP', 'anonymous_identity="outer"', 'identity="nobody"', 'phase2="auth=MSCHAPV2"', good, ca],
      /^identity refused for "campus": /,
    ],
    ['a wrong password in PEAP', 'server', [...peap, bad, ca], /^password refused for "campus": /],
    ['a wrong password of EAP-PWD', 'server', ['eap=PWD', 'identity="pw"', bad], /^password refused for "campus": /],
    [
      'a wrong password in TTLS',
      'server',
      ['eap=TTLS', 'identity="u"', 'phase2="auth=PAP"', bad, ca],
      /^identity or password refused for "campus"/,
    ],
    ['another method', 'server', ['eap=TTLS', 'identity="outer"', good, ca], /^no common method for "campus": /],
  ])('%s', (_, server, settings, words) => {
    const { said: lines } = said(server, settings);
    expect(lines[0]).toMatch(words);
    expect(lines.join()).not.toMatch(/good password|bad password/);
  }, 90_000);

  it.each([
    ['PEAP', [...peap, good, ca, 'domain_suffix_match="example"']],
    ['TTLS', ['eap=TTLS', 'identity="u"', 'phase2="auth=PAP"', good, ca]],
    ['PWD', ['eap=PWD', 'identity="pw"', good]],
  ])('%s joins, and nothing is said', (_, settings) => {
    const { said: lines, guest } = said('server', settings, true);
    expect(guest.read('wpa.log')).toContain('CTRL-EVENT-EAP-SUCCESS');
    expect(lines).toEqual([]);
  }, 90_000);
});
