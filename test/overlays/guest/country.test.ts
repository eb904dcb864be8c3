import { describe, expect, it } from 'vitest';
import { freshFile } from '../../fixtures/scratch.ts';
import { runAwks } from '../../host/awks.ts';
import { hasTool } from '../../tools.ts';

const AWK = new URL('../../../overlays/guest/usr/libexec/airhive/country.awk', import.meta.url).pathname;

/** As iw prints a card, with these channels closed, and the marks of the others. */
function radio(closed: readonly number[], five: readonly number[] = [36, 40, 44, 48]): string {
  const line = (mhz: number, channel: number): string =>
    `\t\t\t* ${mhz} MHz [${channel}] ${closed.includes(channel) ? '(disabled)' : '(20.0 dBm)'}\n`;
  const two = Array.from({ length: 13 }, (_, n) => line(2412 + 5 * n, n + 1)).join('');
  const rest = five.map((channel) => line(5000 + 5 * channel, channel)).join('');
  const six = '\t\t\t* 5955 MHz [1] (disabled)\n';
  return `Wiphy phy0\n\tBand 1:\n\t\tFrequencies:\n${two}\tBand 2:\n\t\tFrequencies:\n${rest}\tBand 4:\n\t\tFrequencies:\n${six}`;
}

/** As iw prints an access point that it has heard. */
const heard = (country: string, channels: readonly string[], present = false): string =>
  `BSS 02:00:00:00:00:01(on wlan0)${present ? ' -- associated' : ''}\n\tfreq: 2412\n\tSSID: x\n` +
  (country === ''
    ? ''
    : `\tCountry: ${country}\tEnvironment: Indoor/Outdoor\n${channels.map((one) => `\t\tChannels [${one}] @ 20 dBm\n`).join('')}`) +
  '\tHT operation:\n\t\t * primary channel: 1\n';

const said = (ours: string, ...text: string[]): string =>
  runAwks([AWK], ['-v', `ours=${ours}`], [freshFile(text.join(''))]);

const DE = heard('DE', ['1 - 13']);

describe.skipIf(!hasTool('original-awk'))('country.awk (needs original-awk, busybox, mawk)', () => {
  it('says which channels ours closes that theirs has', () => {
    expect(said('US', radio([12, 13]), DE)).toBe(
      'DE channels 12, 13\n',
    );
    expect(said('00', radio([13]), DE)).toBe('DE channel 13\n');
    expect(said('US', radio([44]), heard('DE', ['36 - 48']))).toBe('DE channel 44\n');
  });

  it('counts the channels of 2.4 GHz one by one, whatever the first is', () => {
    for (const range of ['5 - 13', '2 - 13', '10 - 13'])
      expect(said('US', radio([12, 13]), heard('DE', [range]))).toBe('DE channels 12, 13\n');
  });

  it('says that a band is closed, in which nobody is heard', () => {
    expect(said('IL', radio([36, 40, 44, 48]), DE)).toBe('DE all of 5 GHz\n');
    expect(said('IL', radio([13, 36, 40, 44, 48]), DE)).toBe('DE channel 13 and all of 5 GHz\n');
    // A card without that band lacks nothing.
    expect(said('IL', radio([], []), DE)).toBe('');
  });

  it.each([
    ['the same country', ['DE', radio([12, 13]), DE]],
    ['nothing closed', ['US', radio([]), DE]],
    ['closed by the country of both', ['US', radio([12]), heard('CA', ['1 - 11'])]],
    ['nobody says a country', ['US', radio([12, 13]), heard('', [])]],
    ['nobody is heard', ['US', radio([12, 13])]],
    ['a country that is none', ['US', radio([12, 13]), heard('XX', ['1 - 13'])]],
    ['no letters', ['US', radio([12, 13]), heard('d\x1b', ['1 - 13'])]],
    ['a name that looks like it', ['US', radio([12, 13]), 'BSS 02:00:00:00:00:01(on wlan0)\n\tSSID: \tCountry: DE\n']],
  ] as [string, [string, ...string[]]][])('says nothing: %s', (_, [ours, ...text]) => {
    expect(said(ours, ...text)).toBe('');
  });

  it('believes the present access point, else what most say', () => {
    const JP = heard('JP', ['1 - 13']);
    expect(said('US', radio([12, 13]), DE, JP, JP)).toMatch(/^JP /);
    expect(said('US', radio([12, 13]), heard('DE', ['1 - 13'], true), JP, JP)).toMatch(/^DE /);
    expect(said('US', radio([12, 13]), heard('US', ['1 - 11'], true), JP, JP)).toBe('');
  });

  it('reads no more channels than the card has', () => {
    expect(said('US', radio([13]), heard('DE', ['1 - 999999999', '200 - 99999999999999999999']))).toBe('DE channel 13\n');
  });
});
