import { nativeMode, type Card, type NativeMode, type Version } from './cards.ts';

/* The table of cards in sentences, for the command line and for docs/cards.md. */

/** A mode as people write it. */
export const MODE_NAMES: Readonly<Record<NativeMode, string>> = {
  '11g': '802.11a/b/g',
  '11n': '802.11n',
  '11ac': '802.11ac',
};

/** What each verdict means for who has the card. */
export const VERDICT_TEXTS: Readonly<Record<Card['verdict'], string>> = {
  works: 'people report that it works, passed through to a Linux guest under bhyve',
  reported: 'some people report that it works, others that it does not',
  untested: 'nobody has reported whether it works',
  never: 'it cannot work; validate, build and vm_install refuse it, unless the profile says force: true',
};

/** What FreeBSD itself does with a card, by release. */
export function nativeText({ freebsd, native }: Pick<Card, 'freebsd' | 'native'>): string {
  if (freebsd.length === 0) return 'has no driver for it';
  if (native.length === 0) return 'has a driver; what that does with the card is not known';
  return native.map(({ from, mode }) => `${MODE_NAMES[mode]} from ${from.text} on`).join(', ');
}

/** The same for one release. */
export function nativeTextIn(card: Card, version: Version): string {
  const mode = nativeMode(card, version);
  if (mode !== undefined)
    return `drives it itself with ${MODE_NAMES[mode]}${card.verdict === 'never' ? '' : `, ${VALUE_OF_VM[mode]}`}`;
  if (card.freebsd.length === 0) return 'has no driver for it';
  return card.native.length === 0 ? nativeText(card) : 'does not drive it yet';
}

/** What the VM is good for where FreeBSD drives the card. */
const VALUE_OF_VM: Readonly<Record<NativeMode, string>> = {
  '11g': 'so a VM is much faster',
  '11n': 'so a VM brings nothing more',
  '11ac': 'so a VM brings more only where the card has 802.11ax',
};

const ON_ISO = {
  yes: 'which the stock ISO has',
  no: 'which the stock ISO lacks, so build takes it out of the package',
  unknown: 'which the stock ISO may lack, so build takes it out of the package',
} as const;

/** What the Linux driver is and asks for, and where that comes from. */
export function driverText({ driver, package: name, iso, firmware }: Card): string {
  if (name === undefined || iso === undefined || firmware === undefined)
    return `${driver}, without firmware of a package`;
  return `${driver}, with firmware of ${name}, ${ON_ISO[iso]}: ${firmware.join(', ')}`;
}
