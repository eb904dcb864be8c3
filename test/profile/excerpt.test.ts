import { describe, expect, test } from 'vitest';
import { excerptOf, namesSecret } from '../../generators/profile/excerpt.ts';

describe('excerptOf', () => {
  test('is the line without its end', () => {
    const text = 'one\r\ntwo\nthree';
    expect([0, 5, 9].map((start) => excerptOf(text, start))).toEqual(['one', 'two', 'three']);
  });

  test.each([
    ['  psk: hunter2', '  psk: (hidden)'],
    ['  passphrase: "a b"', '  passphrase: (hidden)'],
    ["'password': x", "'password': (hidden)"],
    ['networks: [{ssid: home, psk: x}]', 'networks: [{ssid: home, psk: (hidden)'],
    ['wpa_psk=00ff', 'wpa_psk= (hidden)'],
    ['# pass_phrase : x', '# pass_phrase : (hidden)'],
    ['wifi_password: x', 'wifi_password: (hidden)'],
    ['psk:', 'psk:'],
    ['drivers: [if_iwm]', 'drivers: [if_iwm]'],
  ])('shows %j as %j', (line, shown) => expect(excerptOf(line, 0)).toBe(shown));
});

describe('namesSecret', () => {
  test.each([
    ['psk', [], true],
    ['ssid', ['wifi'], true],
    ['networks', ['wifi'], true],
    ['networks', [], false],
    ['country', ['wifi'], false],
  ])('%s in %j: %s', (key, around, secret) => expect(namesSecret(key, around)).toBe(secret));
});
