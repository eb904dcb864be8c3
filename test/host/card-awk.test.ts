import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';

const PROGRAM = fileURLToPath(new URL('../../overlays/guest/usr/libexec/airhive/card.awk', import.meta.url));
const KERNEL = fileURLToPath(new URL('../fixtures/kernel', import.meta.url));
const PLACE = '0000:00:05.0';

const STATES = [
  'ok',
  'no-card',
  'no-driver',
  'firmware-missing',
  'reset-failed',
  'interrupts',
  'firmware-crash',
  'rfkill',
  'country',
  'unknown',
];

/** What the classifier says of kernel lines, by every awk, and of facts such as `there=1`. */
function verdict(file: string, facts: readonly string[] = []): string {
  const words = [`card=${PLACE}`, ...facts].flatMap((fact) => ['-v', fact]);
  return runAwks([PROGRAM], words, [file]).trimEnd();
}

const ofLines = (lines: readonly string[], facts: readonly string[] = []): string =>
  verdict(freshFile(lines.map((line) => `${line}\n`).join('')), facts);

const noted = (text: string, name: string): string | undefined =>
  RegExp(`^# ${name}: (.*)$`, 'm').exec(text)?.[1];

const fixtures = readdirSync(KERNEL)
  .toSorted()
  .map((name) => ({ name, text: readFileSync(join(KERNEL, name), 'utf8') }));

describe('kernel lines as the drivers print them', () => {
  it.each(fixtures)('$name', ({ name, text }) => {
    expect(verdict(join(KERNEL, name), noted(text, 'with')?.split(' '))).toBe(noted(text, 'says'));
  });

  it('are of each driver, and of each state that kernel lines tell', () => {
    const said = new Set(fixtures.map(({ text }) => noted(text, 'says')?.split(' ')[0]));
    expect(STATES.filter((state) => !said.has(state))).toEqual(['no-card', 'rfkill', 'country']);
    for (const driver of ['iwlwifi', 'ath10k', 'ath11k', 'mt7921e', 'mt7925e', 'rtw88', 'rtw89', 'brcmfmac'])
      expect(fixtures.filter(({ name }) => name.startsWith(driver)).length, driver).toBeGreaterThan(0);
  });

  it('end in "unknown" when all that names a cause is taken out', () => {
    const text = readFileSync(join(KERNEL, 'ath11k-in-a-vm.txt'), 'utf8');
    const without = text.replaceAll(/^.*(failed to (power up|start) mhi).*\n/gm, '');
    expect(ofLines(without.split('\n'))).toMatch(
      /^unknown .*probe with driver ath11k_pci failed with error -110$/,
    );
  });
});

/** Single messages of the drivers of Linux 6.12, with values in the places of their formats; some name the radio only. */
const MESSAGES: Readonly<
  Record<string, readonly (readonly [driver: string, text: string, radio?: string])[]>
> = {
  'no-driver': [
    ['iwlwifi', 'Only HW steps B and C are currently supported (0x321)'],
    ['ath10k_pci', "device 0046 with chip_id ffffffff isn't supported"],
    ['ath10k_pci', 'Unsupported hardware version: 0x5030000'],
    ['ath10k_pci', 'unsupported core hardware revision 17'],
    ['ath11k_pci', 'Unknown PCI device found: 0x1109'],
    ['ath11k_pci', 'Unsupported WCN6855 SOC hardware version: 18 1'],
    ['rtw_8821ce', "rfe 38 isn't supported"],
    ['ath9k', 'Mac Chip Rev 0x7f.3 is not supported by this driver', 'ath: phy0'],
    ['ath9k', 'Hardware device ID 0xffff not supported', 'ath: phy0'],
  ],
  'reset-failed': [
    ['iwlwifi', "Couldn't prepare the card"],
    ['iwlwifi', 'Error while preparing HW: -110'],
    ['iwlwifi', 'Unable to init nic'],
    ['iwlwifi', 'HARDWARE GONE?? INTA == 0xffffffff'],
    ['iwlwifi', 'Device gone - attempting removal'],
    ['iwlwifi', 'Unable to change power state from D3cold to D0, device inaccessible'],
    ['ath10k_pci', 'failed to read device register, device is gone'],
    ['ath10k_pci', 'failed to wake up device : -110'],
    ['ath10k_pci', 'failed to reset chip: -110'],
    ['ath10k_pci', 'failed to wait for target after cold reset: -110'],
    ['ath10k_pci', 'failed to receive initialized event from target: ffffffff'],
    ['ath11k_pci', 'link down error during global reset'],
    ['ath11k_pci', 'pci device id mismatch: 0xffff 0x1103'],
    ['mt7921e', 'Timeout for driver own'],
    ['mt7921e', 'wpdma reset failed'],
    ['mt7921e', 'ASIC revision: 0000'],
    ['rtw_8822ce', 'failed to power on mac'],
    ['rtw89_8922ae', 'failed to power on'],
    ['rtw89_8922ae', '[ERR]Polling WLAN PMC timeout= 1FF'],
    ['brcmfmac', 'brcmf_pcie_get_resource: Failed to get RAM info'],
    ['ath9k', "Couldn't reset chip", 'ath: phy0'],
    ['ath9k', "Couldn't wakeup chip", 'ath: phy0'],
    ['ath9k', 'Could not read hardware revisions', 'ath: phy0'],
    ['rt2800pci', 'rt2800_wait_csr_ready: Error - Unstable hardware', 'ieee80211 phy0'],
    ['rt2800pci', 'rt2x00lib_enable_radio: Error - Device failed to wakeup', 'ieee80211 phy0'],
  ],
  interrupts: [
    ['iwlwifi', 'Error allocating IRQ 27'],
    ['iwlwifi', 'Failed to run INIT ucode: -110'],
    ['ath10k_pci', 'failed to request MSI irq 27: -22'],
    ['ath10k_pci', 'failed to request irqs: -22'],
    ['ath10k_pci', 'failed to init irqs: -22'],
    ['ath10k_pci', 'wmi unified ready event not received'],
    ['ath10k_pci', 'could not execute otp for board id check: -110'],
    ['ath11k_pci', 'failed to enable msi: -28'],
    ['ath11k_pci', 'failed to get msi for mhi'],
    ['ath11k_pci', 'failed to config irq: -22'],
    ['ath11k_pci', 'failed to init msi config: -22'],
    ['ath11k_pci', 'Failed to find MSI assignment for CE!'],
    ['ath11k_pci', 'msi_desc is NULL!'],
    ['ath11k_pci', 'failed request irq 3: -22'],
    ['ath11k_pci', 'failed to start mhi: -110'],
    ['mt7921e', 'Message 00000010 (seq 1) timeout'],
    ['mt76x2e', 'MCU message 31 (seq 2) timed out'],
    ['rtw_8822ce', 'failed to request irq 27'],
    ['rtw89_8852be', 'failed to alloc irq vectors, ret -28'],
    ['rtw89_8852be', 'failed to request threaded irq'],
    ['brcmfmac', 'brcmf_pcie_request_irq: Failed to request IRQ 27'],
    ['brcmfmac', 'brcmf_msgbuf_query_dcmd: Timeout on response for query command'],
    ['ath9k', 'request_irq failed'],
    ['brcmfmac', 'brcmf_attach: dongle is not responding: err=-110', 'ieee80211 phy0'],
    [
      'rt2800pci',
      'rt2800pci_mcu_status: Error - MCU request failed, no response from hardware',
      'ieee80211 phy0',
    ],
  ],
  'firmware-crash': [
    ['iwlwifi', 'Microcode SW error detected. Restarting 0x0.'],
    ['iwlwifi', 'Hardware error detected. Restarting.'],
    ['iwlwifi', 'TOP Fatal error detected, inta_hw=0x10.'],
    ['ath10k_pci', 'firmware crashed! (guid n/a)'],
    ['ath10k_pci', 'device has crashed during init'],
    ['ath11k_pci', 'firmware crashed: MHI_CB_SYS_ERROR'],
    ['mt7921e', 'chip reset failed'],
    ['mt76x2e', 'Firmware failed to start'],
    ['rtw89_8852be', 'SER catches error: 0x1000'],
    ['brcmfmac', 'brcmf_fw_crashed: Firmware has halted or crashed', 'ieee80211 phy0'],
    ['ath9k', 'Chip reset failed', 'ath: phy0'],
    ['rt2800pci', 'rt2800_watchdog: Warning - Watchdog TX hung detected', 'ieee80211 phy0'],
  ],
  unknown: [
    ['rtw_8822ce', 'failed to download firmware'],
    ['ath10k_pci', 'some words that no version has'],
  ],
};

const messages = Object.entries(MESSAGES).flatMap(([state, list]) =>
  list.map(([driver, text, radio]) => ({ state, driver, text, radio })),
);

describe('a single message', () => {
  it.each(messages)('$driver: $text', ({ state, driver, text, radio }) => {
    const said = radio === undefined ? text : `${radio}: ${text}`;
    const lines = [
      `[    3.000000] ${driver} ${PLACE}: enabling device (0000 -> 0002)`,
      `[    3.100000] ${radio === undefined ? `${driver} ${PLACE}: ` : ''}${said}`,
    ];
    const detail = state === 'no-driver' ? '8086:2725' : said;
    expect(ofLines(lines, ['id=0x8086:0x2725'])).toBe(`${state} ${detail}`);
    // Of another card it says nothing of this one.
    const other = lines.map((line) => line.replace(PLACE, '0000:00:06.0'));
    expect(ofLines(other, ['id=8086:2725'])).toBe('no-driver 8086:2725');
  });
});

describe('a file that is missing', () => {
  const missing = (driver: string, file: string): string =>
    `${driver} ${PLACE}: Direct firmware load for ${file} failed with error -2`;
  const failed = (driver: string): string => `${driver} ${PLACE}: some words`;

  it.each([
    ['iwlwifi', 'iwl-debug-yoyo.bin'],
    ['ath10k_pci', `ath10k/pre-cal-pci-${PLACE}.bin`],
    ['ath10k_pci', `ath10k/fwcfg-pci-${PLACE}.txt`],
    ['ath10k_pci', 'ath10k/QCA6174/hw3.0/board-2.bin'],
    ['rtw_8822ce', 'rtw88/rtw8822c_wow_fw.bin'],
    ['brcmfmac', 'brcm/brcmfmac4364b3-pcie.apple,hanauma-HRPN-m-7.9-X0.bin'],
    ['brcmfmac', 'brcm/brcmfmac43602-pcie.clm_blob'],
    ['brcmfmac', 'brcm/brcmfmac43602-pcie.txt'],
  ])('is no cause for %s when it can do without %s', (driver, file) => {
    expect(ofLines([missing(driver, file), failed(driver)])).toBe('unknown some words');
  });

  it.each([
    ['iwlwifi', 'loaded firmware version 77.bd067429.0 cc-a0-77.ucode op_mode iwlmvm'],
    [
      'ath10k_pci',
      'firmware ver WLAN.RM.4.4.1-00119-QCARMSWP-1 api 6 features wowlan,ignore-otp crc32 859225d1',
    ],
    ['ath11k_pci', 'fw_version 0x110b196e fw_build_timestamp 2022-12-22 12:54 fw_build_id WLAN.HSP.1.1'],
    ['mt7921e', 'WM Firmware Version: ____010000, Build Time: 20231109190959'],
    ['mt76x2e', 'Firmware Version: 0.0.00'],
    ['rtw_8822ce', 'Firmware version 9.9.13, H2C version 15'],
    ['rtw89_8852be', 'loaded firmware rtw89/rtw8852b_fw.bin'],
    ['brcmfmac', 'brcmf_c_preinit_dcmds: Firmware: BCM43602/1 wl0: Nov 10 2015 06:38:10 version 7.35.177.61'],
    ['rt2800pci', 'rt2x00lib_request_firmware: Info - Firmware detected - version: 0.37'],
  ])('is no cause for %s once another was taken', (driver, taken) => {
    const lines = [missing(driver, 'some-2.bin'), `${driver} ${PLACE}: ${taken}`, failed(driver)];
    expect(ofLines(lines)).toBe('unknown some words');
    expect(ofLines(lines.toSpliced(1, 1))).toBe('firmware-missing some-2.bin');
  });
});

describe('another attempt of a driver that never said that it failed', () => {
  it.each([
    ['iwlwifi', 'enabling device (0000 -> 0002)'],
    ['iwlwifi', 'Detected crf-id 0x3617, cnv-id 0x100530 wfpm id 0x80000000'],
    ['mt7921e', 'ASIC revision: 79220010'],
    ['ath10k_pci', 'pci irq msi oper_irq_mode 2 irq_mode 0 reset_mode 0'],
    ['ath11k_pci', 'MSI vectors: 1'],
    ['brcmfmac', 'brcmf_fw_alloc_request: using brcm/brcmfmac43602-pcie for chip BCM43602/1'],
  ])('of %s begins with %s', (driver, begins) => {
    const first = [`${driver} ${PLACE}: ${begins}`, `${driver} ${PLACE}: Failed to request IRQ 27`];
    const second = [first[0]!, `${driver} ${PLACE}: some words`];
    expect(ofLines(first)).toBe('interrupts Failed to request IRQ 27');
    expect(ofLines([...first, ...second])).toBe('unknown some words');
  });
});

describe('what is no message', () => {
  const missing = `iwlwifi ${PLACE}: Direct firmware load for iwlwifi-cc-a0-77.ucode failed with error -2`;

  it.each([
    ['no card', ['card='], 'no-card'],
    ['a card that nobody drives', ['id=8086:2725'], 'no-driver 8086:2725'],
    ['an interface', ['there=1'], 'ok'],
    ['an interface of a card that is on no PCI bus', ['card=', 'there=1'], 'ok'],
    ['registers that read as ones', ['there=1', 'dead=1', 'blocked=hard'], 'reset-failed it reads as ones'],
    ['a radio that a key has switched off', ['there=1', 'blocked=hard', 'channels=0'], 'rfkill hard'],
    ['a radio that software has switched off', ['there=1', 'blocked=soft'], 'rfkill soft'],
    ['a country without a channel', ['there=1', 'channels=0', 'country=XX'], 'country XX'],
    ['a country with some', ['there=1', 'channels=13', 'country=DE'], 'ok'],
    ['channels that are not known', ['there=1', 'channels=', 'country=DE'], 'ok'],
  ])('%s', (_what, facts, expected) => {
    expect(ofLines([], facts)).toBe(expected);
  });

  it('goes before what the kernel said of a card that has its interface by now', () => {
    expect(ofLines([missing], ['there=1'])).toBe('ok');
    expect(ofLines([missing], ['there=1', 'blocked=soft'])).toBe('rfkill soft');
    expect(ofLines([missing])).toBe('firmware-missing iwlwifi-cc-a0-77.ucode');
  });

  it('gives nothing that a terminal would obey, and no long line', () => {
    expect(ofLines([`rtw_8822ce ${PLACE}: a\u001b[2J\u0007b`])).toBe('unknown a[2Jb');
    expect(ofLines([`rtw_8822ce ${PLACE}: ${'long '.repeat(200)}`]).length).toBeLessThan(180);
  });
});
