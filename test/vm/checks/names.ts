import assert from 'node:assert/strict';
import { forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';
import { point, roaming } from './roaming.ts';

// Names and login pages, as the host meets them. After the checks of roaming.ts, whose machine this is.

const AP = '10.77.0.1';
/** Nobody is there, not even ARP. */
const DEAD = '10.77.0.66';
const PAGE = 'http://login.example/hello?from=airhive';

const NAMES = [
  'address=/login.example/203.0.113.10',
  'address=/api.example/203.0.113.10',
  'address=/self.example/127.0.0.1',
  'address=/host.example/172.24.1.49',
  'address=/link.example/169.254.169.254',
  'address=/self6.example/::1',
  'address=/intranet.example/10.1.2.3',
];

/** Its DHCP server says something else from now on, and the guest asks it at once. */
async function offer(bench: Bench, dnsmasq: readonly string[], dns = AP): Promise<void> {
  await forwarding(bench, 180);
  await point(bench, 'ap0').changeLeases({ dns, dnsmasq: [...NAMES, ...dnsmasq] });
  // It may be between two starts, and asks by itself then.
  await bench.guestOk('pkill -x udhcpc; true');
}

/** What the host's resolver gets, asking once. */
async function dig(bench: Bench, ...words: string[]): Promise<string> {
  const { stdout } = await bench.host.exec('dig', [
    '+tries=1',
    '+time=3',
    '+noall',
    '+answer',
    '+comments',
    '@172.24.1.1',
    ...words,
  ]);
  const status = /status: (\w+)/.exec(stdout)?.[1] ?? 'no answer';
  return [status, ...stdout.matchAll(/\sIN\s+A{1,4}\s+(\S+)/g)]
    .map((one) => (typeof one === 'string' ? one : one[1]))
    .join(' ');
}

check('rebinding: no name of the outside leads to the host, over UDP and TCP', roaming, async (bench) => {
  await offer(bench, []);
  await eventually(
    'names of the network',
    60,
    async () => (await dig(bench, 'intranet.example')) === 'NOERROR 10.1.2.3',
  );
  for (const transport of ['+notcp', '+tcp'])
    for (const [name, type] of [
      ['self', 'A'],
      ['host', 'A'],
      ['link', 'A'],
      ['self6', 'AAAA'],
    ] as const)
      assert.equal(await dig(bench, transport, `${name}.example`, type), 'NXDOMAIN', `${name} ${transport}`);
});

check('dead first DNS server: out before it costs any name its time', roaming, async (bench) => {
  await offer(bench, [], `${DEAD},${AP}`);
  await eventually('the second server', 60, async () =>
    (await bench.guestOk('cat /etc/resolv.conf /run/airhive/name-server')).endsWith(
      `nameserver ${DEAD}\nnameserver ${AP}\nnameserver ${AP}\n`,
    ),
  );
  for (const name of ['login.example', 'api.example', 'intranet.example'])
    assert.match(await dig(bench, name), /^NOERROR /);
});

/** What the API behind option 114 says, as JSON. */
const says = (bench: Bench, answer: string): Promise<unknown> =>
  bench.air.ok(`mountpoint -q /srv || mount -t tmpfs srv /srv; cat >/srv/captive`, { input: answer });

check(
  'portal: option 114 and its API, until the login is done',
  roaming,
  async (bench) => {
    await says(bench, JSON.stringify({ captive: true, 'user-portal-url': PAGE }));
    await offer(bench, ['dhcp-option=114,http://api.example/captive']);
    await eventually('the state login', 60, async () => {
      const { code, stdout } = await hostCommand(bench, ['vm_status', '--json']);
      const { state, login_url: url } = JSON.parse(stdout) as { state: string; login_url: string | null };
      return code === 5 && state === 'login' && url === PAGE;
    });
    await bench.air.ok('echo welcome >/srv/hello');
    const page = await bench.host.exec('curl', ['-s', '-m', '10', PAGE]);
    assert.equal(page.stdout, 'welcome\n');
    await says(bench, JSON.stringify({ captive: false }));
    // By itself, without a question of the host's.
    await bench.machine.console.waitFor(/this network wants no login any more/, 60);
    await offer(bench, []);
    await forwarding(bench, 60);
    assert.doesNotMatch((await hostCommand(bench, ['vm_status'])).stdout, /login/);
  },
  { limit: 400 },
);

check(
  'portal: hijack, noticed by the page of the profile',
  roaming,
  async (bench) => {
    await bench.guestOk(
      `sed -i "s|^PORTAL_CHECK=.*|PORTAL_CHECK='http://check.example/204'|" /etc/airhive/airhive.conf`,
    );
    // Every name is the portal's, whose server answers any page by one of its own.
    await bench.air.ok('mountpoint -q /srv || mount -t tmpfs srv /srv; echo page >/srv/204');
    await offer(bench, ['address=/#/203.0.113.10']);
    await eventually('the state login', 60, async () =>
      (await hostCommand(bench, ['vm_status'])).stdout.includes(
        "this network wants a login: open 'http://check.example/204'",
      ),
    );
    const page = await bench.host.exec('curl', ['-s', '-m', '10', 'http://check.example/204']);
    assert.equal(page.stdout, 'page\n');
    await bench.air.faults([{ prefix: '/204', kind: 'status', argument: 204 }]);
    await eventually('online', 60, async () => (await hostCommand(bench, ['vm_status'])).code === 0);
    await bench.air.faults([]);
  },
  { limit: 400 },
);
