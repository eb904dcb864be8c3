import assert from 'node:assert/strict';
import type { ApSpec } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Boot } from '../check.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';

// Every kind of network that vm_site takes, one after another on the same air.

interface Kind {
  readonly name: string;
  readonly network: Readonly<Record<string, unknown>>;
  readonly air: ApSpec;
  /** What wpa_supplicant says of protected management frames in this network; nothing when there are none. */
  readonly pmf?: 1 | 2;
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
    pmf: 2,
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
    name: 'raw key, PMF where the access point can',
    network: { ssid: 'raw', passphrase: raw },
    air: { ssid: 'raw', security: { kind: 'raw-psk', hex: raw }, more: ['ieee80211w=1'] },
    pmf: 1,
  },
  {
    name: 'PMF required',
    network: { ssid: 'guarded', passphrase },
    air: {
      ssid: 'guarded',
      security: psk,
      more: ['ieee80211w=2', 'wpa_key_mgmt=WPA-PSK-SHA256'],
    },
    pmf: 2,
  },
];

/** Its beacons say Germany, with channels 1 to 13 (element 7 of IEEE 802.11). The radio itself is left as it is. */
const PREFERRED: ApSpec = {
  name: 'preferred',
  ssid: 'preferred',
  security: psk,
  network: '10.99.0',
  more: ['vendor_elements=0706444520010d14'],
};

const kinds: Boot = {
  name: 'wifi kinds',
  prepare: (tools) =>
    buildBundle(tools, {
      flavor: 'extended',
      profile: { wifi: { country: 'US' } },
      networks: [...KINDS.map(({ network }) => network), { ssid: 'preferred', passphrase, priority: 5 }],
    }),
};

KINDS.forEach(({ name, air, pmf }, index) => {
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
      const status = await bench.guestOk('wpa_cli -i wlan0 status');
      assert.match(status, /^wpa_state=COMPLETED$/m);
      assert.equal((await point.stations()).length, 1);
      assert.equal(/^pmf=(\d)$/m.exec(status)?.[1], pmf === undefined ? undefined : String(pmf));
      // And by the access point, which has agreed on it with this station.
      assert.equal(/^flags=.*\[MFP\]/m.test(await point.cli('all_sta')), pmf !== undefined);
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

check('country: what the access points say and the profile closes is said', kinds, async (bench) => {
  const words =
    /the access points here say that this is DE, the profile says US: channels 12, 13 may not be used/;
  await bench.machine.console.waitFor(words, 60);
  await eventually('vm_status says it', 120, async () =>
    new RegExp(`^country +${words.source}`, 'm').test((await hostCommand(bench, ['vm_status'])).stdout),
  );
  const joined = await hostCommand(bench, ['vm_wifi', 'join', 'preferred']);
  assert.match(joined.stderr, words);
  assert.equal(joined.code, 0, joined.stderr);
});
