import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { variant } from '../../fixtures/profiles.ts';
import { Guest } from './guest.ts';

/** What `wpa_cli status` prints of a network, as wpa_supplicant 2.10 does. */
const status = (idStr: string, state = 'COMPLETED', ssid = 'home'): string =>
  [
    'bssid=02:00:00:00:01:00',
    'freq=2412',
    `ssid=${ssid}`,
    'id=0',
    ...(idStr === '' ? [] : [`id_str=${idStr}`]),
    'mode=station',
    `wpa_state=${state}`,
    'address=02:00:00:00:00:00',
    '',
  ].join('\n');

class Roam extends Guest {
  constructor() {
    super('roam');
    this.write('etc/airhive/airhive.conf', 'WLAN=wlan0\nIPV6_SUBNET=\n');
    this.write('status', status(''));
    this.tool('wpa_cli', 'cat "$GUEST/status"');
    this.tool('sleep', '[ ! -e "$GUEST/later" ] || mv "$GUEST/later" "$GUEST/status"');
    this.tool('pkill', '');
    this.write(
      'usr/libexec/airhive/firewall',
      '#!/bin/sh\necho "firewall $* $(cat "$GUEST/run/airhive/marks" 2>&1)" >>"$GUEST/calls"\n',
    );
  }

  connects(text: string): string | undefined {
    this.write('status', text);
    this.call('wlan0', 'CONNECTED');
    return this.marks;
  }

  get marks(): string | undefined {
    return existsSync(join(this.root, 'run/airhive/marks')) ? this.read('run/airhive/marks') : undefined;
  }
}

describe('roam writes down what the present network is to its owner', () => {
  it.each([
    ['airhive-site', '\n'],
    ['airhive-site trusted', 'trusted\n'],
    ['airhive-site public', 'public\n'],
    ['airhive-site trusted public', 'trusted public\n'],
    ['', '\n'],
    ['trusted', '\n'],
    ['mine trusted', '\n'],
    ['airhive-site nottrusted untrusted', '\n'],
  ])('with the id_str "%s"', (idStr, expected) => {
    expect(new Roam().connects(status(idStr))).toBe(expected);
  });

  it('not by the name of the network, whatever it is', () => {
    const name = String.raw`x\nid_str=airhive-site trusted`;
    expect(new Roam().connects(status('', 'COMPLETED', name))).toBe('\n');
    expect(new Roam().connects(status('', 'COMPLETED', 'id_str=airhive-site trusted'))).toBe('\n');
  });

  it('and then has the packet filter follow', () => {
    const guest = new Roam();
    guest.connects(status('airhive-site trusted'));
    guest.call('wlan0', 'DISCONNECTED');
    expect(guest.calls('firewall')).toEqual(['trust trusted', expect.stringMatching(/^trust .*No such file/)]);
  });

  it('also when the network renews its keys at that moment, of whose end there is no event', () => {
    const guest = new Roam();
    guest.write('later', status('airhive-site trusted'));
    expect(guest.connects(status('airhive-site trusted', 'GROUP_HANDSHAKE'))).toBe('trusted\n');
    expect(guest.calls('firewall')).toEqual([expect.stringMatching(/^trust .*No such file/), 'trust trusted']);
    expect(guest.connects(status('airhive-site trusted', 'GROUP_HANDSHAKE'))).toBeUndefined();
    expect(guest.calls('sleep')).toEqual(['1', '1']);
  });

  it('takes it back when the network is gone, at its start, and when wpa_supplicant does not answer', () => {
    const guest = new Roam();
    expect(guest.connects(status('airhive-site trusted'))).toBe('trusted\n');
    guest.call('wlan0', 'DISCONNECTED');
    expect(guest.marks).toBeUndefined();
    expect(guest.connects(status('airhive-site trusted'))).toBe('trusted\n');
    expect(guest.connects(status('airhive-site trusted', 'ASSOCIATING'))).toBeUndefined();
    expect(guest.connects(status('airhive-site trusted'))).toBe('trusted\n');
    expect(guest.connects('')).toBeUndefined();
    expect(guest.connects(status('airhive-site trusted'))).toBe('trusted\n');
    guest.write('run/airhive/roam-heard', '');
    guest.tool('wpa_cli', 'rm -f "$GUEST/run/airhive/roam-heard"; : >"$GUEST/run/airhive/roam-heard"; exit 1');
    guest.call();
    expect(guest.marks).toBeUndefined();
  });
});

/** As iw 5.19 lists the ciphers of a card. */
const CARD = `Wiphy phy0
\tSupported Ciphers:
\t\t* CCMP-128 (00-0f-ac:4)
\t\t* GCMP-256 (00-0f-ac:9)
\t\t* CMAC (00-0f-ac:6)
`;

describe('what wpa_supplicant is to read', () => {
  it.each([
    ['a card', `printf '%s' '${CARD}'`, 'pairwise=CCMP GCMP-256'],
    ['an iw that is not there yet', 'exit 127', 'pairwise=CCMP'],
  ])('has the ciphers of %s', (_, iw, expected) => {
    const guest = new Guest('wifi-config');
    guest.write('etc/airhive/airhive.conf', 'WLAN=wlan0\nWIFI_MAC=\n');
    guest.write('etc/airhive/wpa_supplicant.conf', 'pmf=1\n');
    for (const name of ['ssid.awk', 'networks.awk', 'country.awk']) {
      const path = `usr/libexec/airhive/${name}`;
      guest.write(path, textAt(guestTree(variant()), path));
    }
    guest.write('var/lib/airhive/wifi/wpa_supplicant.conf', '');
    guest.tool('iw', iw);
    guest.write(
      'run/airhive/site/networks.conf',
      'network={\n\tssid="a"\n\tpsk="secret words"\n\tpairwise=CCMP GCMP CCMP-256 GCMP-256\n}\n',
    );
    guest.call();
    expect(guest.read('var/lib/airhive/wifi/wpa_supplicant.conf')).toContain(`\t${expected}\n`);
  });
});
