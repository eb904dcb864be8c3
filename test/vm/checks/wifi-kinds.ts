import assert from 'node:assert/strict';
import type { ApSpec } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Boot } from '../check.ts';
import { eventually } from '../eventually.ts';

// Every kind of network that vm_site takes, one after another on the same air.

interface Kind {
  readonly name: string;
  readonly network: Readonly<Record<string, unknown>>;
  readonly air: ApSpec;
}

const passphrase = 'correct horse';
const psk = { kind: 'psk', passphrase } as const;
const long = '~!@#$%^&*()_+ "quoted" \\ and 63 characters in all 0123456789abc';
const raw = '0123456789abcdef'.repeat(4);
const odd = 'a "quoted" name, it\'s \\ two  ';
const accents = 'Zürich ☕';

const KINDS: readonly Kind[] = [
  {
    name: 'WPA3',
    network: { ssid: 'sae', passphrase },
    air: { ssid: 'sae', security: { kind: 'sae', passphrase } },
  },
  { name: 'open', network: { ssid: 'free', open: true }, air: { ssid: 'free', security: { kind: 'open' } } },
  {
    name: 'hidden',
    network: { ssid: 'unseen', passphrase, hidden: true },
    air: { ssid: 'unseen', security: psk, hidden: true },
  },
  { name: 'quotes and spaces', network: { ssid: odd, passphrase }, air: { ssid: odd, security: psk } },
  { name: 'UTF-8', network: { ssid: accents, passphrase }, air: { ssid: accents, security: psk } },
  {
    name: 'bytes that are no text',
    network: { ssid_hex: 'ff00fe0a41', passphrase },
    air: { ssid: Buffer.from('ff00fe0a41', 'hex'), security: psk },
  },
  {
    name: '63 characters',
    network: { ssid: 'long', passphrase: long },
    air: { ssid: 'long', security: { kind: 'psk', passphrase: long } },
  },
  {
    name: 'raw key',
    network: { ssid: 'raw', passphrase: raw },
    air: { ssid: 'raw', security: { kind: 'raw-psk', hex: raw } },
  },
];

const PREFERRED: ApSpec = { name: 'preferred', ssid: 'preferred', security: psk, network: '10.99.0' };

const kinds: Boot = {
  name: 'wifi kinds',
  prepare: (tools) =>
    buildBundle(tools, {
      flavor: 'extended',
      networks: [...KINDS.map(({ network }) => network), { ssid: 'preferred', passphrase, priority: 5 }],
    }),
};

KINDS.forEach(({ name, air }, index) => {
  check(
    `wifi kinds: ${name}`,
    kinds,
    async (bench) => {
      const last = [...bench.air.points.values()].at(-1);
      // A radio and a network of its own each: nothing that is remembered of the last one is in the way.
      const point = await bench.air.start({ ...air, name: `kind${index}`, network: `10.${80 + index}.0` });
      if (last !== undefined) {
        // Says farewell; "wifi trouble" has the access point that falls silent.
        await last.cli('disable');
        await bench.air.remove(last);
      }
      await forwarding(bench, 180);
      assert.match(await bench.guestOk('wpa_cli -i wlan0 status'), /^wpa_state=COMPLETED$/m);
      assert.equal((await point.stations()).length, 1);
    },
    { limit: 400 },
  );
});

check('wifi kinds: the preferred of two', kinds, async (bench) => {
  await bench.air.start(PREFERRED);
  // One that is connected stays; the choice is made at the start.
  await bench.guestOk('rc-service airhive-wifi restart');
  await eventually('the preferred network', 120, async () =>
    (await bench.guestOk('ip route')).includes('via 10.99.0.1 '),
  );
});
