import assert from 'node:assert/strict';
import { forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import { hostCommand } from '../host-commands.ts';
import { point, roaming } from './roaming.ts';

// A network with the host's own range. After the checks of roaming.ts, whose machine this is.

check(
  "roaming: a network with the host's own range, and a free one for the profile",
  roaming,
  async (bench) => {
    const { console } = bench.machine;
    const from = console.position;
    await point(bench, 'ap1').change({ network: '172.24.1', range: [100, 150], dnsmasq: [] });
    await console.waitFor(/which is the host's own range 172\.24\.1\.0\/24: refused/, 180, from);
    const { code, stdout } = await hostCommand(bench, ['vm_status']);
    assert.equal(code, 5);
    assert.match(stdout, /^ {10}the Wi-Fi network gives out 172\.24\.1\.1\d\d\/24, .*: refused/m);
    assert.match(stdout, /^ +host: 10\.137\.1\.49\/24\n +guest: 10\.137\.1\.1$/m);
    await point(bench, 'ap0').on();
    const home = await hostCommand(bench, ['vm_wifi', 'join', 'home']);
    assert.equal(home.code, 0, home.stderr);
    await forwarding(bench, 20);
    const joined = await hostCommand(bench, ['vm_wifi', 'join', 'cafe']);
    assert.equal(joined.code, 5);
    assert.match(
      joined.stderr,
      /not joined: the network gives out 172\.24\.1\.1\d\d\/24, which is in the range/,
    );
    assert.match(joined.stderr, / {4}host: 10\.137\.1\.49\/24\n {4}guest: 10\.137\.1\.1\n$/);
    await bench.air.remove(point(bench, 'ap1'));
    await forwarding(bench, 180);
    assert.doesNotMatch((await hostCommand(bench, ['vm_status'])).stdout, /another range/);
  },
  { limit: 480 },
);
