import { expect, test } from 'vitest';
import { complaints } from '../example.ts';

const forwards = (reverse: boolean, ...entries: [string, number][]) =>
  complaints({
    ssh: { reverse },
    firewall: { forwards: entries.map(([protocol, port]) => ({ protocol, port })) },
  });

test('different ports, and one port of two protocols, are fine', () => {
  expect(forwards(true, ['tcp', 80], ['udp', 80], ['tcp', 443], ['udp', 2210], ['tcp', 68])).toEqual([]);
});

test('the same port of the same protocol', () => {
  expect(forwards(false, ['tcp', 80], ['udp', 80], ['tcp', 80])).toEqual([
    'firewall.forwards[2].port: tcp 80 leads somewhere already: firewall.forwards[0]; remove one of the two',
  ]);
});

test('the port of the reverse tunnel, when that is on', () => {
  expect(forwards(false, ['tcp', 2210])).toEqual([]);
  expect(forwards(true, ['tcp', 2210])).toEqual([
    'firewall.forwards[0].port: tcp 2210 is the port of the reverse tunnel, ssh.port; take another port for one of the two',
  ]);
});

test("the guest's own DHCP port", () => {
  expect(forwards(false, ['udp', 68])).toEqual([
    'firewall.forwards[0].port: udp 68 is where the guest itself receives its DHCP lease; take another port',
  ]);
});
