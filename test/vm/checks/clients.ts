import assert from 'node:assert/strict';
import { SERVER } from '../air-config.ts';
import { forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { Client } from '../client.ts';
import type { Lease } from '../client.ts';
import { eventually } from '../eventually.ts';
import { wlanAddress } from '../probe.ts';
import { roaming } from './roaming.ts';
import { restartDamaged } from './state.ts';

// Jails and other VMs on the host's bridge. After the checks of roaming.ts, whose machine this is.

const number = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

let clients: Client[] = [];

async function leased(client: Client, event: string): Promise<Lease> {
  return eventually('a lease', 120, async () => {
    const lease = await client.lease();
    return lease?.event === event && lease;
  });
}

/** It reaches the far side by name, through the guest and nobody else, and the others on the bridge. */
async function getsThrough(bench: Bench, client: Client, { dns }: Lease): Promise<void> {
  const name = await client.sh(`dig +short +tries=1 @${dns} ${SERVER.name}`);
  assert.equal(name.stdout, `${SERVER.address}\n`, name.stderr);
  const page = await client.sh(`curl -s -m 10 http://${SERVER.address}/ip`);
  assert.equal(page.stdout, `${await wlanAddress(bench)}\n`);
  for (const neighbour of [bench.host.addresses.host, bench.host.addresses.guest])
    assert.equal((await client.sh(`ping -c 1 -W 3 ${neighbour}`)).code, 0, neighbour);
}

check(
  'clients: two others on the bridge get address, route and DNS',
  roaming,
  async (bench) => {
    await forwarding(bench, 180);
    const { host, guest } = bench.host.addresses;
    clients = [await Client.plugIn(bench, 'jail'), await Client.plugIn(bench, 'vm')];
    for (const client of clients) client.ask();
    const leases = await Promise.all(clients.map((client) => leased(client, 'bound')));
    const range = await bench.guestOk("sed -n 's/^dhcp-range=//p' /etc/airhive/dnsmasq.conf");
    const [first = '', last = ''] = range.split(',');
    for (const { address, prefix, router, dns } of leases) {
      assert.ok(
        number(address) >= number(first) && number(address) <= number(last),
        `${address} in ${range}`,
      );
      assert.deepEqual([prefix, router, dns], [24, guest, guest]);
    }
    assert.equal(new Set([host, guest, ...leases.map(({ address }) => address)]).size, 4);
    await Promise.all(clients.map((client, index) => getsThrough(bench, client, leases[index]!)));
  },
  { limit: 480 },
);

check(
  'clients: the same addresses after a restart of the guest, also when its state disk is damaged and left alone',
  roaming,
  async (bench) => {
    const before = await Promise.all(clients.map((client) => client.lease()));
    assert.deepEqual(
      before.map((lease) => lease?.event),
      ['bound', 'bound'],
    );
    await restartDamaged(bench);
    for (const client of clients) client.renew();
    const after = await Promise.all(clients.map((client) => leased(client, 'renew')));
    assert.deepEqual(
      after.map(({ address }) => address),
      before.map((lease) => lease?.address),
    );
    await Promise.all(clients.map((client, index) => getsThrough(bench, client, after[index]!)));
  },
  { limit: 480 },
);
