import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { variant } from '../../fixtures/profiles.ts';
import { Guest } from './guest.ts';

// Names of networks are any bytes, so also the words by which the guest's scripts know what has happened.

/** In a wpa_cli that plays the events: it is asked for the networks in reach as well. */
const NO_SCAN = 'case "$*" in *scan_results) exit ;; esac\n';

class Wifi extends Guest {
  constructor(script: string) {
    super(script);
    for (const name of ['ssid.awk', 'networks.awk', 'country.awk']) {
      const awk = `usr/libexec/airhive/${name}`;
      this.write(awk, textAt(guestTree(variant()), awk));
    }
    this.write('etc/airhive/airhive.conf', 'WLAN=wlan0\nSUBNET=172.24.1.0/24\n');
    this.write('etc/airhive/wpa_supplicant.conf', '');
    this.write('var/lib/airhive/wifi/wpa_supplicant.conf', 'network={\n\tssid="home"\n}\n');
    this.tool('sleep', '');
  }

  /** With this last line of what airhive-watch or the lease has said, once the network was chosen. */
  joinWith(said: Record<string, string>): string {
    this.write('sys/class/net/wlan0', '');
    for (const [key, text] of Object.entries(said)) this.write(`to-say/${key}`, text);
    this.tool(
      'wpa_cli',
      `case "$*" in
*list_networks*) printf '0\\thome\\tany\\t\\n' ;;
*get_network*) echo '"home"' ;;
*scan_results*) cat "$GUEST/reach" 2>/dev/null ;;
*select_network*) cp "$GUEST/to-say/"* "$GUEST/run/airhive/said/" ;;
esac`,
    );
    return this.call('join', '686f6d65').trim();
  }
}

describe('wifi-control join', () => {
  it('tells of the country in a line of its own, and then how it went', () => {
    const guest = new Wifi('wifi-control');
    guest.write('etc/airhive/airhive.conf', 'WLAN=wlan0\nSUBNET=172.24.1.0/24\nCOUNTRY=US\n');
    guest.tool('iw', 'printf \'\\t\\t\\t* 2412 MHz [1]\\n\\t\\t\\t* 2472 MHz [13] (disabled)\\nBSS x\\n\\tCountry: DE\\tE\\n\\t\\tChannels [1 - 13]\\n\'');
    expect(guest.joinWith({ wifi: 'none of the known networks is in reach' }).split('\n')).toEqual([
      expect.stringMatching(/^country the access points here say that this is DE, .* channel 13 may not be used/),
      expect.stringMatching(/^absent /),
    ]);
  });

  it.each([
    [{ wifi: 'wrong passphrase for "home": on the host run vm_site add again' }, /^passphrase /],
    [{ wifi: '"home" refuses the connection: wrong passphrase, or not allowed there' }, /^refused /],
    [{ wifi: 'certificate not trusted for "home": it is' }, /^refused .*is not trusted/],
    [{ wifi: 'certificate not valid yet for "home": is' }, /^refused .*not valid yet/],
    [{ wifi: 'certificate expired for "home": only' }, /^refused .*has expired/],
    [{ wifi: 'wrong name in the certificate for "home": perhaps' }, /^refused .*the wrong name/],
    [{ wifi: 'certificate refused for "home": it' }, /^refused .*damaged, revoked/],
    [{ wifi: 'client certificate refused for "home"' }, /^refused .*refuses the certificate of this machine/],
    [{ wifi: 'no common method for "home": the' }, /^refused .*offers no method/],
    [{ wifi: 'identity refused for "home": the' }, /^refused .*refuses the identity$/],
    [{ wifi: 'password refused for "home": it' }, /^refused .*refuses the password$/],
    [{ wifi: 'identity or password refused for "home"' }, /^refused .*the identity or the password$/],
    [{ wifi: 'no answer from the login server of "home" (802.1X)' }, /^time no answer from the network's login/],
    [{ wifi: 'none of the known networks is in reach' }, /^absent /],
    [{ lease: 'connected, but the network gives out no address (DHCP)' }, /^address /],
    [{ lease: 'the Wi-Fi network gives out 172.24.1.7/24, which is' }, /^range /],
  ])('tells of %j', (said, expected) => {
    expect(new Wifi('wifi-control').joinWith(said)).toMatch(expected);
  });

  it.each([
    'connected to "it refuses"',
    'connected to "x" refuses the connection: wrong passphrase, or not allowed there"',
    'connected to "none of the known networks is in reach"',
    'connected to "wrong passphrase for"',
  ])('waits on after %s', (wifi) => {
    expect(new Wifi('wifi-control').joinWith({ wifi })).toMatch(/^time /);
  });
});

describe('wifi-control join while a login server does not answer', () => {
  it('says that', () => {
    const guest = new Wifi('wifi-control');
    guest.tool('sleep', ': >"$GUEST/run/airhive/eap"');
    expect(guest.joinWith({ wifi: 'connected' })).toMatch(/^time no answer from the network's login server/);
  });
});

describe('wifi-control join of a network with several blocks', () => {
  // 0 and 3 have disabled=1, 1 to 3 are the network that is joined.
  const asked = (list: string): string[] => {
    const guest = new Wifi('wifi-control');
    guest.write('sys/class/net/wlan0', '');
    guest.write('run/airhive/calls', '');
    guest.tool(
      'wpa_cli',
      `shift 2
case "$*" in
list_networks) printf '${list}' ;;
'get_network 0 ssid') echo '"other"' ;;
get_network*) echo '"home"' ;;
status) printf 'wpa_state=COMPLETED\\nid=1\\n' ;;
select_network* | enable_network* | disable_network*) echo "$*" >>"$GUEST/run/airhive/calls" ;;
esac
case "$*" in select_network*) echo ip=192.0.2.7 >"$GUEST/run/airhive/lease" ;; esac`,
    );
    expect(guest.call('join', '686f6d65')).toMatch(/^joined 192\.0\.2\.7/);
    return guest.read('run/airhive/calls').split('\n').slice(0, -1);
  };

  it('tries those that are not disabled, and leaves the others as they were', () => {
    const list =
      '0\\tother\\tany\\t[DISABLED]\\n1\\thome\\tany\\t\\n2\\thome\\tany\\t\\n3\\thome\\tany\\t[DISABLED]\\n';
    expect(asked(list)).toEqual([
      'select_network 1',
      'enable_network 2',
      'enable_network all',
      'disable_network 0',
    ]);
  });

  it('tries all when all are disabled', () => {
    const list = '1\\thome\\tany\\t[DISABLED]\\n2\\thome\\tany\\t[DISABLED]\\n';
    expect(asked(list)).toEqual(['select_network 1', 'enable_network 2', 'enable_network all']);
  });
});

describe('wifi-control join of a network that gives an address', () => {
  const joining = (): Wifi => {
    const guest = new Wifi('wifi-control');
    guest.write('sys/class/net/wlan0', '');
    guest.write('usr/libexec/airhive/way', '#!/bin/sh\n');
    guest.write('usr/libexec/airhive/portal', '#!/bin/sh\n');
    guest.tool(
      'wpa_cli',
      `case "$*" in
*list_networks) printf '0\\thome\\tany\\t\\n' ;;
*get_network*) echo '"home"' ;;
*status) printf 'wpa_state=COMPLETED\\nid=0\\n' ;;
*select_network*) echo ip=192.0.2.7 >"$GUEST/run/airhive/lease" ;;
esac`,
    );
    return guest;
  };

  it('has joined it, whether the host waits on or not', () => {
    const guest = joining();
    // As sshd does to it when the host is gone.
    guest.tool('sleep', '[ -e "$GUEST/hung-up" ] || { : >"$GUEST/hung-up"; kill -HUP $PPID; }');
    expect(guest.call('join', '686f6d65')).toMatch(/^joined 192\.0\.2\.7/);
    const asked = guest.calls('wpa_cli').map((line) => line.replace('-i wlan0 ', ''));
    expect(asked.filter((line) => line === 'reconfigure')).toHaveLength(1);
    expect(asked.at(-1)).toBe('enable_network all');
  });

  it('gives up by the clock, for each look takes its time too', () => {
    const guest = joining();
    // The clock is 30 s further at each look.
    guest.tool('cut', 'echo 30 >>"$GUEST/clock"; exec awk \'{ now += $1 } END { print now }\' "$GUEST/clock"');
    expect(guest.call('join', '686f6d65')).toMatch(/^joined 192\.0\.2\.7/);
    expect(guest.calls('sleep').length).toBeLessThan(3);
    const absent = joining();
    absent.tool('cut', 'echo 30 >>"$GUEST/clock"; exec awk \'{ now += $1 } END { print now }\' "$GUEST/clock"');
    absent.tool('wpa_cli', 'case "$*" in *list_networks) echo "0\thome" ;; *get_network*) echo \'"home"\' ;; esac');
    expect(absent.call('join', '686f6d65')).toMatch(/^time /);
    expect(absent.calls('sleep').length).toBeLessThan(3);
  });
});

describe('wifi-control scan', () => {
  it('says that there is no card', () => {
    const guest = new Wifi('wifi-control');
    expect(guest.call('scan')).toBe('card the guest sees no Wi-Fi card\n');
    expect(guest.calls('wpa_cli')).toEqual([]);
  });
});

describe('wifi-control follow', () => {
  const WORDS = { lease: 'address 10.77.0.5/24', wifi: 'disconnected', card: 'radio off: a key' };

  it.each([
    [['lease'], WORDS.lease],
    [['lease', 'wifi'], WORDS.wifi],
    [['lease', 'wifi', 'card'], WORDS.card],
    [[], ''],
  ] as const)('of %j tells what explains the rest', (keys, expected) => {
    const guest = new Wifi('wifi-control');
    // As say_once writes them: without the end of a line.
    for (const key of keys) guest.write(`run/airhive/said/${key}`, WORDS[key]);
    guest.tool('wpa_cli', '');
    guest.tool('sleep', 'kill $PPID');
    expect(guest.call('follow')).toBe(`said=${expected}\n`);
  });
});

/** What wpa_cli prints of the networks in reach, by name and flags. */
const reached = (...networks: readonly (readonly [string, string])[]): string =>
  [
    'bssid / frequency / signal level / flags / ssid',
    ...networks.map(([name, flags], n) => `02:00:00:00:00:0${n}\t2412\t-50\t${flags}[ESS]\t${name}`),
    '',
  ].join('\n');
const MIXED = '[WPA-PSK-CCMP+TKIP][WPA2-PSK-CCMP+TKIP]';
const STRICT = 'proto=RSN\n\tpairwise=CCMP GCMP CCMP-256 GCMP-256\n\tgroup=CCMP GCMP CCMP-256 GCMP-256';
const configured = (name: string, settings: string): string =>
  `network={\n\tssid=${name}\n\t${settings}\n}\n`;

describe('an access point that a strict network does not join', () => {
  it.each([
    ['WPA and WPA2 mixed', STRICT, [['home', MIXED]], true],
    ['WPA of 2003', STRICT, [['home', '[WPA-PSK-CCMP]']], true],
    ['beside one that would do', STRICT, [['home', MIXED], ['home', '[WPA2-PSK-CCMP]']], false],
    ['mixed, but without TKIP', STRICT, [['home', '[WPA-PSK-CCMP][WPA2-PSK-CCMP]']], false],
    ['WPA3', STRICT, [['home', '[RSN-SAE-CCMP]']], false],
    ['an open one of that name', STRICT, [['home', '']], false],
    ['of another name', STRICT, [['office', MIXED]], false],
    ['none', STRICT, [], false],
    ['legacy', 'psk="x"', [['home', MIXED]], false],
  ] as const)('is told of by airhive-watch and by join: %s', (_, settings, networks, told) => {
    for (const script of ['watch', 'wifi-control']) {
      const guest = new Wifi(script);
      guest.write('var/lib/airhive/wifi/wpa_supplicant.conf', configured('"home"', settings));
      guest.write('reach', reached(...networks));
      guest.write('usr/libexec/airhive/card', '#!/bin/sh\n');
      if (script === 'wifi-control') {
        const said = { wifi: told ? 'only WPA of 2003 or TKIP in "other": on' : 'none of the known networks is' };
        expect(guest.joinWith(said)).toBe(
          told
            ? 'old its access point knows only WPA of 2003 or TKIP (WPA/WPA2 mixed): vm_wifi join with --legacy takes that'
            : 'absent there is no such network in reach',
        );
        continue;
      }
      const heard = '[ -s "$GUEST/var/lib/airhive/log/airhive.log" ]';
      guest.tool(
        'wpa_cli',
        `case "$*" in *scan_results) exec cat "$GUEST/reach" ;; esac
echo '<3>CTRL-EVENT-NETWORK-NOT-FOUND '\nuntil ${heard}; do /bin/sleep 0.02; done`,
      );
      guest.call();
      expect(guest.said).toEqual([
        told
          ? 'only WPA of 2003 or TKIP in "home": on the host run vm_site add NAME --legacy'
          : 'none of the known networks is in reach',
      ]);
    }
  });

  it('of another network than the one that is joined says nothing of that', () => {
    const guest = new Wifi('wifi-control');
    guest.write(
      'var/lib/airhive/wifi/wpa_supplicant.conf',
      configured('"home"', STRICT) + configured('"other"', STRICT),
    );
    guest.write('reach', reached(['other', MIXED]));
    expect(guest.joinWith({ wifi: 'only WPA of 2003 or TKIP in "other": on' })).toMatch(/^absent /);
  });
});

describe('airhive-watch', () => {
  const failed = (ssid: string, reason: string): string =>
    `<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid="${ssid}" auth_failures=1 duration=10 reason=${reason}`;

  it.each([
    [failed('home', 'WRONG_KEY'), 'wrong passphrase for "home": on the host run vm_site add again'],
    [failed('home', 'CONN_FAILED'), '"home" refuses the connection: wrong passphrase, or not allowed there'],
    [
      failed('x reason=WRONG_KEY', 'CONN_FAILED'),
      '"x reason=WRONG_KEY" refuses the connection: wrong passphrase, or not allowed there',
    ],
    [`<3>Trying to associate with SSID 'CTRL-EVENT-SSID-TEMP-DISABLED reason=WRONG_KEY'`, undefined],
    [`<3>Trying to associate with SSID '<3>CTRL-EVENT-SSID-TEMP-DISABLED a'`, undefined],
  ])('takes %s for what it is', (event, expected) => {
    const guest = new Wifi('watch');
    guest.write('events', `${event}\n<3>CTRL-EVENT-NETWORK-NOT-FOUND \n`);
    const heard = 'grep -q "none of the known" "$GUEST/var/lib/airhive/log/airhive.log"';
    guest.tool('wpa_cli', `${NO_SCAN}cat "$GUEST/events"\nuntil ${heard}; do /bin/sleep 0.02; done`);
    guest.write('usr/libexec/airhive/card', '#!/bin/sh\n');
    guest.call();
    const last = 'none of the known networks is in reach';
    expect(guest.said).toEqual(expected === undefined ? [last] : [expected, last]);
  });

  it.each([
    ['<3>CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:01:00 reason=4 locally_generated=1', 2],
    ['<3>CTRL-EVENT-SCAN-FAILED ret=-19', 2],
    ['<3>CTRL-EVENT-SCAN-RESULTS ', 1],
    [`<3>Trying to associate with SSID 'CTRL-EVENT-DISCONNECTED'`, 1],
  ])('has the card looked at after %s, and when no network is in reach', (event, times) => {
    const guest = new Wifi('watch');
    guest.write('events', `${event}\n<3>CTRL-EVENT-NETWORK-NOT-FOUND \n${failed('last', 'WRONG_KEY')}\n`);
    guest.write('usr/libexec/airhive/card', `#!/bin/sh\necho "card $*" >>"$GUEST/calls"\necho printed\n`);
    const heard = 'grep -q "wrong passphrase for" "$GUEST/var/lib/airhive/log/airhive.log"';
    guest.tool('wpa_cli', `${NO_SCAN}cat "$GUEST/events"\nuntil ${heard}; do /bin/sleep 0.02; done`);
    expect(guest.call()).toBe('');
    expect(guest.calls('card')).toHaveLength(times);
  });
});
