import assert from 'node:assert/strict';
import { forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';
import { gateway } from './boots.ts';

// vm_wifi as the person at the host types it, against the real guest.

const CAFE = {
  name: 'ap1',
  ssid: Buffer.from('Caf\u00e9 "\u001b[31m"'),
  security: { kind: 'psk', passphrase: 'two lattes' },
  network: '10.99.0',
} as const;
const CAFE_SHOWN = String.raw`"Caf\xc3\xa9 \"\x1b[31m\""`;
const CAFE_HEX = CAFE.ssid.toString('hex');

async function wifi(
  bench: Bench,
  words: readonly string[],
  input = '',
): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await hostCommand(bench, ['vm_wifi', ...words], { input });
  assert.doesNotMatch(stdout + stderr, /[^\n -~]/, 'nothing that a terminal would obey');
  return { code, said: stdout + stderr };
}

const route = (bench: Bench): Promise<string> => bench.guestOk('ip route show default');

check('vm_wifi: scan', gateway, async (bench) => {
  await bench.air.start(CAFE);
  // A look that was under way already may have begun before the new one was there.
  const said = await eventually('both in reach', 120, async () => {
    const scanned = await wifi(bench, ['scan']);
    assert.equal(scanned.code, 0, scanned.said);
    return scanned.said.includes(CAFE_SHOWN) && scanned.said;
  });
  assert.match(said, /^\* "home" +\[####\] +-\d+ dBm +1, 2\.4 GHz +WPA2$/m);
  assert.ok(said.includes(`  ${CAFE_SHOWN} `), said);
  const document = JSON.parse((await wifi(bench, ['scan', '--json'])).said) as {
    networks: { hex: string }[];
  };
  assert.ok(document.networks.some(({ hex }) => hex === CAFE_HEX));
});

check(
  'vm_wifi: a join that does not work goes back',
  gateway,
  async (bench) => {
    const conf = await bench.guestOk('cat /var/lib/airhive/wifi/wpa_supplicant.conf');
    const wrong = await wifi(bench, ['join', '--hex', CAFE_HEX], 'two espressi\n');
    assert.equal(wrong.code, 5);
    assert.match(wrong.said, /not joined: the passphrase is wrong/);
    await forwarding(bench, 180);
    const absent = await wifi(bench, ['join', 'nowhere'], 'some passphrase\n');
    assert.equal(absent.code, 5);
    assert.match(absent.said, /not joined: there is no such network in reach/);
    await forwarding(bench, 180);
    assert.match(await route(bench), /via 10\.77\.0\.1 /);
    assert.equal(
      await bench.guestOk('cat /var/lib/airhive/wifi/wpa_supplicant.conf'),
      conf,
      'nothing was kept',
    );
  },
  { limit: 400 },
);

check(
  'vm_wifi: join, back to a known one, forget',
  gateway,
  async (bench) => {
    const joined = await wifi(bench, ['join', '--hex', CAFE_HEX], 'two lattes\n');
    assert.equal(joined.code, 0, joined.said);
    assert.match(joined.said, /address 10\.99\.0\.\d+; the guest keeps it/);
    assert.match(await route(bench), /via 10\.99\.0\.1 /);
    await forwarding(bench, 20);
    const status = await hostCommand(bench, ['vm_status', '--json']);
    assert.match(status.stdout, /"state": "online"/);
    const back = await wifi(bench, ['join', 'home']);
    assert.equal(back.code, 0, back.said);
    await forwarding(bench, 20);
    assert.match((await wifi(bench, ['scan'])).said, /^\+ "Caf/m);
    assert.equal((await wifi(bench, ['forget', '--hex', CAFE_HEX])).code, 0);
    assert.doesNotMatch((await wifi(bench, ['scan'])).said, /^\+ /m);
    assert.match((await wifi(bench, ['forget', 'home'])).said, /one of this machine's own networks/);
    const point = bench.air.points.get('ap1');
    if (point) await bench.air.remove(point);
    await forwarding(bench, 30);
  },
  { limit: 400 },
);
