import { expect, test } from 'vitest';
import { complaints } from '../example.ts';

const devices = (...places: string[]) =>
  complaints({ passthrough: places.map((pci) => ({ pci, id: '8086:24f3' })) });

test('the same place twice, however it is written', () => {
  expect(devices('4/0/0', '4/0/1', '04/00/0', '4/0/0')).toEqual([
    'passthrough[2].pci: 4/0/0 is passthrough[0] already; remove one of the two',
    'passthrough[3].pci: 4/0/0 is passthrough[0] already; remove one of the two',
  ]);
});

test('eight of the longest fit into pptdevs', () => {
  expect(devices(...Array.from({ length: 8 }, (_, func) => `255/31/${func}`))).toEqual([]);
});

test('fifteen of the longest do not', () => {
  const places = Array.from({ length: 15 }, (_, index) => `${240 + index}/31/7`);
  expect(devices(...places)).toEqual([
    'passthrough: has to be a list of 1 to 8 entries; got a list',
    'passthrough: pptdevs in loader.conf would be 134 characters; the loader keeps 128; name fewer devices',
  ]);
});
