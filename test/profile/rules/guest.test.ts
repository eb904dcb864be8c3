import { describe, expect, test } from 'vitest';
import { complaints } from '../example.ts';

test.each(['eth0', 'lo'])('wifi.interface cannot be %s', (name) =>
  expect(complaints({ wifi: { interface: name } })).toEqual([
    expect.stringMatching(new RegExp(`^wifi\\.interface: ${name} is the .*; for example wlan0$`)),
  ]),
);

describe('country', () => {
  test.each(['00', 'DE', 'GB', 'NO'])('%s exists', (country) =>
    expect(complaints({ wifi: { country } })).toEqual([]),
  );

  test.each([
    ['UK', 'the United Kingdom is GB'],
    ['ZZ', 'the codes are those of ISO 3166'],
  ])('%s does not', (country, hint) =>
    expect(complaints({ wifi: { country } })).toEqual([
      expect.stringMatching(
        new RegExp(`^wifi\\.country \\[warning\\]: ${country} is no country, .*${hint}$`),
      ),
    ]),
  );
});

test('names that are listed twice', () => {
  const url = 'https://x.org/alpine';
  expect(
    complaints({
      alpine: { release: '3.24.1', mirrors: [url, `${url}/`], packages: ['a', 'b', 'a'] },
      passthrough: [{ pci: '4/0/0', id: '8086:24f3', drivers: ['if_iwm', 'if_iwm'] }],
      host: { freebsd: '14.3', retire: ['x', 'x'] },
    }),
  ).toEqual([
    `alpine.mirrors[1]: ${url} is listed twice; remove one of the two`,
    'alpine.packages[2]: a is listed twice; remove one of the two',
    'passthrough[0].drivers[1]: if_iwm is listed twice; remove one of the two',
    'host.retire[1]: x is listed twice; remove one of the two',
  ]);
});
