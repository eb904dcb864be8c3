import { describe, expect, it } from 'vitest';
import { driverText, nativeText, nativeTextIn, VERDICT_TEXTS } from '../../generators/profile/card-text.ts';
import { tableOf, type Card } from '../../generators/profile/cards.ts';
import { readShipped } from './example.ts';

const shipped = tableOf({ file: 'cards.yaml', text: readShipped('cards.yaml') });
const cardWith = (id: string): Card => shipped.withId(id)[0]!;

describe('what FreeBSD does with a card', () => {
  it.each([
    ['8086:24f3', '802.11a/b/g from 13.0 on'],
    ['8086:2725', '802.11a/b/g from 13.1 on, 802.11ac from 14.3 on'],
    ['17cb:1103', 'has no driver for it'],
    ['8086:a840', 'has a driver; what that does with the card is not known'],
  ])('%s', (id, text) => expect(nativeText(cardWith(id))).toBe(text));

  it.each([
    ['8086:24f3', 14, 3, 'drives it itself with 802.11a/b/g, so a VM is much faster'],
    ['8086:0082', 14, 3, 'drives it itself with 802.11n, so a VM brings nothing more'],
    [
      '8086:2725',
      15,
      0,
      'drives it itself with 802.11ac, so a VM brings more only where the card has 802.11ax',
    ],
    ['8086:2725', 13, 0, 'does not drive it yet'],
    ['8086:a840', 15, 0, 'has a driver; what that does with the card is not known'],
    ['168c:003e', 15, 0, 'has no driver for it'],
    // Of what never works in a VM there is nothing to say for one.
    ['14e4:4315', 14, 3, 'drives it itself with 802.11a/b/g'],
  ])('%s in %i.%i', (id, major, minor, text) =>
    expect(nativeTextIn(cardWith(id), { major, minor })).toBe(text),
  );
});

describe('the driver and its firmware', () => {
  it.each([
    [
      '8086:24fb',
      'iwlmvm, with firmware of linux-firmware-intel, which the stock ISO has: iwlwifi-3168-*.ucode',
    ],
    [
      '1814:3290',
      'rt2800pci, with firmware of linux-firmware-other, which the stock ISO lacks, so build takes it out of the package: rt3290.bin',
    ],
    [
      '8086:0890',
      'iwldvm, with firmware of linux-firmware-intel, which the stock ISO may lack, so build takes it out of the package: iwlwifi-2000-*.ucode',
    ],
    ['168c:0030', 'ath9k, without firmware of a package'],
  ])('%s', (id, text) => expect(driverText(cardWith(id))).toBe(text));
});

it('every verdict has a meaning of its own', () => {
  expect(new Set(Object.values(VERDICT_TEXTS)).size).toBe(4);
});
