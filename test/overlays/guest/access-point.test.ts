import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { variant } from '../../fixtures/profiles.ts';
import { run } from '../../fixtures/scratch.ts';
import { Guest } from './guest.ts';

// What keeps a card from being an access point, in words: by what iw says of the card before, and by what hostapd says itself.

const tree = guestTree(
  variant({
    wifi: { country: 'JP', mode: 'access-point', accessPoint: { ssid: 'laptop', channel: 149, dns: ['192.168.1.1'] } },
  }),
);

const MODES = '\tSupported interface modes:\n\t\t * managed\n\t\t * AP\n';
const radio = (mark: string): string => `${MODES}\t\t\t* 5745 MHz [149]${mark}\n`;

class AccessPoint extends Guest {
  constructor() {
    super('wifi');
    // Sleeping ends the script: it would begin again after that.
    const text = textAt(tree, 'usr/libexec/airhive/wifi')
      .replace(/(?<=[\s"=<>])\/(?:(?:usr\/libexec|etc|run)\/airhive|sys\/class)/g, `${this.root}$&`)
      .replace('/usr/sbin/hostapd', `${this.root}/bin/hostapd`);
    this.write('usr/libexec/airhive/wifi', text);
    this.write('etc/airhive/airhive.conf', 'WLAN=wlan0\n');
    for (const name of ['etc/airhive/access-point.conf', 'etc/airhive/hostapd.conf'])
      this.write(name, textAt(tree, name));
    for (const name of ['ssid.awk', 'passphrase.awk'])
      this.write(`usr/libexec/airhive/${name}`, textAt(tree, `usr/libexec/airhive/${name}`));
    // The last thing that is done for a hostapd that has ended.
    this.write('usr/libexec/airhive/card', `#!/bin/sh\n: >${this.root}/ended\n`);
    this.tool('logger', 'case "$*" in "-t hostapd") cat >/dev/null ;; esac');
    this.write('run/airhive/site/networks.conf', 'network={\n\tssid="laptop"\n\tpsk="battery staple"\n}\n');
    this.write('sys/class/net/wlan0/phy80211/name', 'phy0\n');
    this.tool('sleep', '');
    this.tool('ip', '');
  }

  /** What is said when iw says this of the card, and hostapd that. */
  says(card: string, hostapd = ''): string {
    this.write('card', card);
    this.write('hostapd', hostapd);
    this.tool('iw', 'case "$*" in *info) cat "$GUEST/card" ;; *get) echo "country JP: DFS-JP" ;; esac');
    this.tool('hostapd', 'cat "$GUEST/hostapd"; exit 1');
    this.call();
    if (hostapd !== '') run('sh', ['-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', `${this.root}/ended`]);
    return this.said.at(-1) ?? '';
  }
}

describe('an access point', () => {
  it.each([
    ['a driver without that mode', '\t\t * managed\n\t\t\t* 5745 MHz [149]\n', /this card, or its driver, can join networks and not be/],
    ['a card without the band', MODES, /the card has no channel 149 \(5745 MHz\)/],
    ['a country that forbids it', radio(' (disabled)'), /channel 149 is not allowed in country JP: take another one/],
    ['radar', radio(' (20.0 dBm) (radar detection)'), /channel 149 is shared with radar in country JP/],
    ['a card that may only listen', radio(' (20.0 dBm) (no IR)'), /may only listen \(country JP, or the card's own rules\)/],
    ['a newer iw', radio(' (disabled)').replace('5745', '5745.0'), /channel 149 is not allowed/],
  ])('is refused before it begins: %s', (_, card, words) => {
    expect(new AccessPoint().says(card)).toMatch(words);
  });

  // As hostapd 2.10 ends: a reason, and behind it only that it ends.
  const END = 'wlan0: interface state COUNTRY_UPDATE->DISABLED\nwlan0: AP-DISABLED \nwlan0: Unable to setup interface.\n';
  it.each([
    [
      'Could not select hw_mode and channel. (-3)',
      'Configured channel (149) or frequency (5745) (secondary_channel=0) not found from the channel list of the current mode (2) IEEE 802.11a\n',
      /hostapd may not send on channel 149 \(country JP/,
    ],
    ['not allowed', 'wlan0: IEEE 802.11 Channel 149 (5745) not allowed for AP mode, flags: 0x853\n', /may not send on channel 149/],
    ['driver', 'nl80211: Could not configure driver mode\nnl80211 driver initialization failed.\n', /the driver does not make one of this card/],
    ['no driver', 'nl80211 driver initialization failed.\n', /the driver does not make one of this card/],
    ['a mode', 'nl80211: Could not configure driver mode\n', /the driver does not make one of this card/],
    ['beacon', 'Failed to set beacon parameters\n', /the driver refuses channel 149: take another one/],
    ['band', 'wlan0: IEEE 802.11 Hardware does not support configured channel\n', /may not send on channel 149/],
    ['name', 'Could not set SSID for kernel driver\n', /hostapd has ended \(Could not set SSID for kernel driver\)/],
    ['kernel', 'Could not set channel for kernel driver\n', /the driver refuses channel 149: take another one/],
  ])('is refused by hostapd: %s', (_, reason, words) => {
    expect(new AccessPoint().says(radio(' (20.0 dBm)'), reason + END)).toMatch(words);
  });

  it('that ends for another reason says the last line, and none of what ends one that ran', () => {
    const other = 'Line 7: unknown configuration item\n';
    expect(new AccessPoint().says(radio(' (20.0 dBm)'), other)).toMatch(/hostapd has ended \(Line 7: unknown/);
    const ran = new AccessPoint();
    ran.says(radio(' (20.0 dBm)'), 'wlan0: AP-ENABLED \nFailed to set beacon parameters\n');
    expect(ran.said.filter((line) => line.includes('refuses'))).toEqual([]);
  });
});
