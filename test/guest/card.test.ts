import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Room } from './room.ts';

// Alpine's own ash, awk, flock, tr and head; /sys and the kernel's messages are played. What is played here was compared with
// a real kernel by test/vm/checks/card.ts: where PCI functions, their drivers, interfaces and rfkill switches are in /sys.

const PCI = 'sys/devices/pci0000:00';
const CARD = '0000:00:05.0';

/** What is in the guest: its host's network card, and the Wi-Fi card as far as it is there. */
class Laptop extends Room {
  constructor() {
    super();
    this.pci('0000:00:02.0', { class: '0x020000', vendor: '0x1af4', device: '0x1000' });
    this.write('sys/class/net/eth0/operstate', 'up\n');
    this.kernel();
  }

  /** A PCI function; the first bytes of its configuration are its vendor and device, or ones. */
  pci(place: string, files: Record<string, string>, config = 'a real one'): void {
    for (const [name, text] of Object.entries(files)) this.write(`${PCI}/${place}/${name}`, `${text}\n`);
    writeFileSync(join(this.directory, PCI, place, 'config'), config, 'latin1');
    this.link(`sys/bus/pci/devices/${place}`, `../../../devices/pci0000:00/${place}`);
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    rmSync(join(this.directory, path), { force: true });
    symlinkSync(target, join(this.directory, path));
  }

  /** A card of class 0x0280 with this driver, and with an interface. */
  card(driver?: string, config?: string): void {
    this.pci(CARD, { class: '0x028000', vendor: '0x8086', device: '0x2725' }, config);
    if (driver === undefined) return;
    this.write(`sys/bus/pci/drivers/${driver}/bind`, '');
    this.link(`${PCI}/${CARD}/driver`, `../../../bus/pci/drivers/${driver}`);
  }

  interface(channels = ['* 2412.0 MHz [1] (20.0 dBm)', '* 2467.0 MHz [12] (disabled)']): void {
    this.write('sys/class/net/wlan0/operstate', 'down\n');
    this.write('sys/class/net/wlan0/phy80211/name', 'phy0\n');
    this.link('sys/class/net/wlan0/device', `../../../devices/pci0000:00/${CARD}`);
    this.command('iw', `[ "$*" = "phy phy0 info" ] || exit 1\ncat <<'END'\n${channels.join('\n')}\nEND`);
  }

  rfkill(hard: number, soft: number): void {
    this.write('sys/class/net/wlan0/phy80211/rfkill0/hard', `${hard}\n`);
    this.write('sys/class/net/wlan0/phy80211/rfkill0/soft', `${soft}\n`);
  }

  /** What the kernel has said, a line every ten seconds up to now. */
  kernel(...lines: string[]): void {
    const times = lines.map((_, index) => 10 * (lines.length - 1 - index));
    const printed = lines
      .map((line, index) => `echo "[$((now - ${times[index]})).000000] ${line}"`)
      .join('\n');
    this.command('dmesg', `now=$(cut -d. -f1 /proc/uptime)\n${printed}`);
  }

  private command(name: string, script: string): void {
    this.write(`usr/sbin/${name}`, `#!/bin/sh\n${script}\n`);
  }
}

/** Makes the commands that are played executable, and runs the program several times. */
const calls = (...words: string[]): string =>
  `chmod 755 /usr/sbin/dmesg /usr/sbin/iw 2>/dev/null
  ${words.map((word) => `/usr/libexec/airhive/card ${word}`).join('\n')}
  echo "said: $(cat /run/airhive/said/card 2>/dev/null)"; cat /run/airhive/early.log 2>/dev/null | cut -d' ' -f2-`;

const found = (laptop: Laptop, ...words: string[]): string[] =>
  laptop
    .run(calls(...words), true)
    .trim()
    .split('\n');

const MISSING = `iwlwifi ${CARD}: Direct firmware load for iwlwifi-ty-a0-gf-a0-89.ucode failed with error -2`;
const CRASH = `iwlwifi ${CARD}: Microcode SW error detected. Restarting 0x0.`;

describe('why the card does not come up', () => {
  it.each<[string, (laptop: Laptop) => void, string, string]>([
    ['there is none', () => undefined, 'no-card', 'no card: '],
    ['it has no driver', (laptop) => laptop.card(), 'no-driver 8086:2725', 'no driver: .*8086:2725'],
    [
      'its firmware is missing',
      (laptop) => {
        laptop.card();
        laptop.kernel(MISSING, `iwlwifi ${CARD}: no suitable firmware found!`);
      },
      'firmware-missing iwlwifi-ty-a0-gf-a0-89.ucode',
      String.raw`firmware missing \(iwlwifi-ty-a0-gf-a0-89\.ucode\): `,
    ],
    [
      'it reads as ones',
      (laptop) => laptop.card('iwlwifi', 'ÿÿÿÿÿÿ'),
      'reset-failed it reads as ones',
      'reset failed ',
    ],
    [
      'it was not reset',
      (laptop) => {
        laptop.card('mt7921e');
        laptop.kernel(`mt7921e ${CARD}: driver own failed`);
      },
      'reset-failed driver own failed',
      'reset failed ',
    ],
    [
      'no interrupt comes',
      (laptop) => {
        laptop.card('iwlwifi');
        laptop.kernel(`iwlwifi ${CARD}: Failed to load firmware chunk!`);
      },
      'interrupts Failed to load firmware chunk!',
      'no interrupts ',
    ],
    [
      'its driver says what nobody knows',
      (laptop) => {
        laptop.card('rtw_8822ce');
        laptop.kernel(`rtw_8822ce ${CARD}: failed to download firmware`);
      },
      'unknown failed to download firmware',
      'the card does not come up, and its driver',
    ],
    [
      'it is a network card of another class',
      (laptop) => laptop.pci(CARD, { class: '0x020000', vendor: '0x14e4', device: '0x43a0' }),
      'no-driver 14e4:43a0',
      'no driver: .*14e4:43a0',
    ],
  ])('%s', (_why, prepare, state, words) => {
    const laptop = new Laptop();
    prepare(laptop);
    const [printed, said, logged, ...more] = found(laptop, 'absent', 'absent').slice(1);
    expect(printed).toBe(state);
    expect(said).toMatch(RegExp(`^said: ${words}`));
    // Once, and the same in the log.
    expect([logged, more]).toEqual([said?.slice(6), []]);
  });

  it.each<[string, (laptop: Laptop) => void, string, string]>([
    ['a key', (laptop) => laptop.rfkill(1, 0), 'rfkill hard', 'radio off: a key'],
    ['software', (laptop) => laptop.rfkill(0, 1), 'rfkill soft', 'radio off: it is switched off by software'],
    [
      'the country',
      (laptop) => laptop.interface(['* 5955.0 MHz [1] (disabled)', '* 5975.0 MHz [5] (disabled)']),
      'country 00',
      'no channel: the country 00 ',
    ],
    [
      'its firmware, which crashes and crashes',
      (laptop) => laptop.kernel(CRASH, CRASH, CRASH),
      'firmware-crash Microcode SW error detected. Restarting 0x0.',
      'firmware crashes ',
    ],
  ])('it has an interface, and is kept from the air by %s', (_what, prepare, state, words) => {
    const laptop = new Laptop();
    laptop.card('iwlwifi');
    laptop.interface();
    prepare(laptop);
    const [printed, said] = found(laptop, '');
    expect([printed, said]).toEqual([state, expect.stringMatching(RegExp(`^said: ${words}`))]);
  });
});

describe('the card program', () => {
  it('names vm_native as far as FreeBSD has a driver, which the guest does not know', () => {
    const laptop = new Laptop();
    laptop.card();
    expect(found(laptop, 'absent')[1]).toMatch(
      /; until then use vm_native on, if FreeBSD has a driver for it$/,
    );
  });

  it('judges no card that is still being found: it prints what was found last', () => {
    const laptop = new Laptop();
    laptop.card();
    expect(found(laptop, '')).toEqual(['said:']);
    expect(found(laptop, 'absent', '').slice(0, 2)).toEqual(['no-driver 8086:2725', 'no-driver 8086:2725']);
  });

  it('takes back its words when the card works', () => {
    const laptop = new Laptop();
    laptop.card('iwlwifi');
    expect(found(laptop, 'absent')[1]).toMatch(/^said: the card does not come up/);
    laptop.interface();
    expect(found(laptop, '', '')).toEqual([
      'ok',
      'ok',
      'said: ',
      expect.stringMatching(/^the card/),
      'the Wi-Fi card works now',
    ]);
  });

  it('does not wait for an iw that hangs, nor start another one beside it', () => {
    const laptop = new Laptop();
    laptop.card('iwlwifi');
    laptop.interface();
    laptop.write('usr/sbin/iw', '#!/bin/sh\necho called >>/run/airhive/iw\nexec sleep 100\n');
    expect(found(laptop, '', '').slice(0, 2)).toEqual(['ok', 'ok']);
    expect(laptop.read('run/airhive/iw')).toBe('called\n');
  });

  it('of two at a time one looks, and the other prints what was found last', () => {
    const laptop = new Laptop();
    laptop.card('iwlwifi');
    laptop.interface();
    const held = `mkdir -p /run/airhive; echo "rfkill soft" >/run/airhive/card; exec 8>/run/airhive/card.lock; flock 8`;
    expect(laptop.run(`${held}; ${calls('')}`, true)).toMatch(/^rfkill soft\nsaid: $/m);
  });
});

describe('a radio that is off', () => {
  it('is waited for by one process alone, which has the interface up again and looks once more', () => {
    const laptop = new Laptop();
    laptop.card('iwlwifi');
    laptop.interface();
    laptop.rfkill(1, 0);
    laptop.write('usr/sbin/ip', '#!/bin/sh\necho "ip $*" >>/run/ip\n');
    const printed = laptop.run(
      `chmod 755 /usr/sbin/ip; ${calls('', '')}
      [ -s /run/airhive/card.radio ] && echo waiting; echo 0 >/sys/class/net/wlan0/phy80211/rfkill0/hard
      for _ in $(seq 300); do ! grep -q works /run/airhive/early.log || break; sleep 0.1; done
      cat /run/airhive/card; ls -d /run/airhive/card.radio || cat /run/ip`,
      true,
    );
    expect(printed.split('\n')).toEqual([
      'rfkill hard',
      'rfkill hard',
      expect.stringMatching(/^said: radio off: a key/),
      expect.stringMatching(/^radio off: a key/),
      'waiting',
      'ok',
      'ip link set dev wlan0 up',
      expect.stringMatching(/No such file/),
      '',
    ]);
  });
});

describe('without an interface', () => {
  it('airhive-wifi asks, again and again, and has the words taken back when there is one', () => {
    const laptop = new Laptop();
    laptop.card('iwlwifi');
    laptop.write(
      'usr/sbin/sleep',
      '#!/bin/sh\necho x >>/run/slept\n[ "$(wc -l </run/slept)" -ne 31 ] || mkdir -p /sys/class/net/wlan0\n',
    );
    laptop.edit('usr/libexec/airhive/wifi', (text) => text.replace(/^exec wpa_supplicant.*$/m, 'exit 0'));
    laptop.run(
      `chmod 755 /usr/sbin/sleep /usr/sbin/dmesg; mkdir -p /var/lib/airhive/wifi; /usr/libexec/airhive/wifi`,
      true,
    );
    expect(laptop.read('run/airhive/early.log').replaceAll(/^\S+ /gm, '').split('\n')).toEqual([
      expect.stringMatching(/^the card does not come up/),
      'the Wi-Fi card works now',
      expect.stringMatching(/^no Wi-Fi network is configured/),
      '',
    ]);
  });
});
