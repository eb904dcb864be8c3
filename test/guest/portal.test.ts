import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variant } from '../fixtures/profiles.ts';
import { freshFolder, run } from '../fixtures/scratch.ts';
import { Room } from './room.ts';

// Login pages of networks, read by the guest's real busybox, ssl_client and dnsmasq. The network's servers are at FAR.

const FAR = '192.168.5.2';
const CHECK = 'http://check.example/204';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
type Answers = Readonly<Record<string, Answer | string>>;

const api = (members: unknown): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'application/captive+json' },
  body: typeof members === 'string' ? members : JSON.stringify(members),
});

const PAGE = 'https://login.example/hello?mac=02:00:00:00:00:01&next=http%3A//x/';

/** A CA of its own and a certificate for api.example. */
function certificates(): { ca: string; directory: string } {
  const directory = freshFolder();
  const openssl = (...words: string[]) => run('openssl', words, { cwd: directory });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '3000',
    '-subj',
    '/CN=bench',
  );
  openssl('req', ...key, '-keyout', 'key.pem', '-out', 'csr.pem', '-subj', '/CN=api.example');
  writeFileSync(join(directory, 'names'), 'subjectAltName=DNS:api.example');
  openssl(
    ...['x509', '-req', '-in', 'csr.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '3000', '-extfile', 'names', '-out', 'cert.pem'],
  );
  return { ca: readFileSync(join(directory, 'ca.pem'), 'utf8'), directory };
}

const { ca, directory: keys } = certificates();

const START = `apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq
mount -t sysfs sys /sys
ip link add wlan0 type veth && ip link set veth0 name air && ip link set wlan0 up && ip link set air up
ip addr add ${FAR}/32 dev lo
dnsmasq -C /etc/far.conf
lease() { event=$1; shift; env interface=wlan0 ip=192.168.5.7 mask=24 router=192.168.5.1 dns=${FAR} "$@" /usr/libexec/airhive/lease $event; }
# As udhcpc hands on an option that it does not know.
option() { printf 'opt114=%s' "$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \\n')"; }
/usr/libexec/airhive/dns >/dev/null 2>&1 & dns=$!
until nslookup -type=a airhive 172.24.1.1 >/dev/null 2>&1; do sleep 0.1; done
portal() { cat /run/airhive/portal 2>/dev/null || echo nothing; }
# found: waits until somebody has looked to the end.
found() { until [ -s /run/airhive/portal ] || ! [ -e /run/airhive/portal.pid ]; do sleep 0.1; done; portal; }
answer() { echo "$1" >/mirror/portal.new && mv /mirror/portal.new /mirror/portal; }
`;

function roomWith(answers: Answers, portalCheck?: string): Room {
  const profile = variant({ wifi: { ...(portalCheck === undefined ? {} : { portalCheck }) } });
  const room = new Room({ profile });
  writeFileSync(join(room.mirror, 'portal'), JSON.stringify(answers));
  for (const name of ['key.pem', 'cert.pem'])
    writeFileSync(join(room.mirror, name), readFileSync(join(keys, name)));
  appendFileSync(join(room.directory, 'etc/ssl/certs/ca-certificates.crt'), ca);
  const lines = [
    'no-resolv',
    'no-hosts',
    'user=root',
    `listen-address=${FAR}`,
    'bind-interfaces',
    'pid-file=/run/far.pid',
  ];
  const names = [
    'address=/example/192.168.5.2',
    'address=/rebind.example/172.24.1.49',
    'address=/self.example/127.0.0.1',
  ];
  room.write('etc/far.conf', [...lines, ...names, ''].join('\n'));
  return room;
}

function lines(room: Room, script: string): string[] {
  const printed = room.run(`${START}${script}\nkill $dns $(cat /run/far.pid); umount /sys`);
  return printed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

interface Look {
  readonly answers: Answers;
  /** Of the network's API. */
  readonly url?: string;
}

/** What is found by one look after the other, in one network. */
function looks(list: readonly Look[], portalCheck?: string, room = roomWith({}, portalCheck)): string[] {
  for (const [index, { answers }] of list.entries())
    writeFileSync(join(room.mirror, `answers-${index}`), JSON.stringify(answers));
  const steps = list.map(
    (
      { url },
      index,
    ) => `rm -f /run/airhive/portal /run/airhive/portal-api; cp /mirror/answers-${index} /mirror/portal
      ${url === undefined ? '' : `echo ${url} >/run/airhive/portal-api`}
      /usr/libexec/airhive/portal again; portal`,
  );
  return lines(room, `lease bound; rm -f /run/airhive/portal.pid\n${steps.join('\n')}`);
}

function visitsOf(room: Room): string[] {
  const file = join(room.mirror, 'visits');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

describe('option 114', () => {
  it('a look that the host does not wait for leaves nothing behind', () => {
    // Whoever is there takes what is sent, and says nothing.
    const printed = lines(
      roomWith({}),
      `lease bound; /usr/libexec/airhive/portal stop
      arp -i wlan0 -s 192.168.5.77 02:00:00:00:00:77
      echo http://192.168.5.77/api >/run/airhive/portal-api; echo 'login ${PAGE}' >/run/airhive/portal
      /usr/libexec/airhive/portal now; ls /run/airhive | grep '^portal'`,
    );
    expect(printed).toEqual([`login ${PAGE}`, 'portal', 'portal-api']);
  });

  it("the network's API says that a login is wanted and where, and later that it is not any more", () => {
    const room = roomWith({
      '/v1': api({ captive: true, 'user-portal-url': PAGE, 'can-extend-session': true }),
    });
    const printed = lines(
      room,
      `lease bound "$(option https://api.example/v1)"; found
      answer '${JSON.stringify({ '/v1': api({ captive: false }) })}'
      until portal | grep -q open; do sleep 0.2; done; portal
      until ! [ -e /run/airhive/portal.pid ]; do sleep 0.1; done`,
    );
    expect(printed).toEqual([`login ${PAGE}`, 'open']);
    expect(room.said.filter((line) => line.includes('login'))).toEqual([
      'this network wants a login, at https://login.example/: vm_status on the host says where',
      'this network wants no login any more',
    ]);
    expect(visitsOf(room).every((visit) => visit === 'https://api.example/v1')).toBe(true);
  });

  it('is asked at once when the host asks, and tells it nothing when there is nothing', () => {
    const room = roomWith({ '/v1': api({ captive: true, 'user-portal-url': PAGE }) });
    const printed = lines(
      room,
      `/usr/libexec/airhive/portal now; lease bound "$(option https://api.example/v1)"; found >/dev/null
      /usr/libexec/airhive/portal now; answer '${JSON.stringify({ '/v1': api({ captive: false }) })}'
      /usr/libexec/airhive/portal now; /usr/libexec/airhive/portal now`,
    );
    expect(printed).toEqual([`login ${PAGE}`, 'open']);
  });

  it('an API that cannot be read may be the login page itself', () => {
    const page: Answers = { '/': { status: 200, body: '<html>"captive": true</html>' } };
    const urls = [
      'http://api.example/',
      'https://api.example/',
      'https://other.example/',
      'https://api.example:444/',
    ];
    expect(looks(urls.map((url) => ({ answers: page, url })))).toEqual(urls.map((url) => `maybe ${url}`));
  });

  it('without it, and without a page in the profile, nothing is asked of anybody', () => {
    const room = roomWith({});
    expect(lines(room, 'lease bound; sleep 2; portal; ls /run/airhive | grep -c portal')).toEqual([
      'nothing',
      '0',
    ]);
    expect(visitsOf(room)).toEqual([]);
  });

  it('is of one network: the next has none', () => {
    const room = roomWith({ '/v1': api({ captive: true, 'user-portal-url': PAGE }) });
    expect(lines(room, `lease bound "$(option https://api.example/v1)"; found; lease bound; portal`)).toEqual(
      [`login ${PAGE}`, 'nothing'],
    );
  });

  it('is followed by one process, however often the lease is renewed', () => {
    const room = roomWith({ '/v1': api({ captive: false, 'seconds-remaining': 3600 }), '/v2': {} });
    const printed = lines(
      room,
      `one="$(option https://api.example/v1)"; other="$(option https://api.example/v2)"
      # Itself, and the sleep that it waits for: whoever is in a group of its own.
      followers() { pgrep -f 'portal [f]ollow' | while read -r pid; do [ "$(ps -o pid,pgid | awk -v p=$pid '$1 == p { print $2 }')" != $pid ] || echo $pid; done; }
      soon() { for try in $(seq 100); do ! eval "$1" || return 0; sleep 0.1; done; }
      lease bound "$one"; found; first=$(followers)
      lease renew "$one"; lease renew "$one"; lease renew "$one"
      [ "$(followers)" = "$first" ] && [ "$(cat /run/airhive/portal.pid)" = "$first" ] && echo the same
      lease renew "$other"; second=$(cat /run/airhive/portal.pid)
      soon '! kill -0 $first 2>/dev/null'
      [ "$(followers)" = "$second" ] && echo one
      lease renew; soon '[ -z "$(followers)" ]'
      ls /run/airhive | grep 'portal[-.]' || echo none left`,
    );
    expect(printed).toEqual(['open', 'the same', 'one', 'none left']);
  });

  it('a real DHCP client hands it on', () => {
    const room = roomWith({ '/v1': api({ captive: true, 'user-portal-url': PAGE }) });
    room.write(
      'etc/dhcp.conf',
      [
        ...['port=0', 'interface=air', 'bind-interfaces', 'user=root', 'no-ping', 'dhcp-authoritative'],
        ...[
          'dhcp-leasefile=/run/dhcp.leases',
          'dhcp-range=192.168.5.100,192.168.5.110,1h',
          'pid-file=/run/dhcp.pid',
        ],
        `dhcp-option=option:dns-server,${FAR}`,
        'dhcp-option=114,https://api.example/v1',
        '',
      ].join('\n'),
    );
    const printed = lines(
      room,
      `ip addr add 192.168.5.1/24 dev air; dnsmasq -C /etc/dhcp.conf
      /usr/libexec/airhive/dhcp >/dev/null 2>&1 & client=$!
      until [ -s /run/airhive/portal ]; do sleep 0.2; done; portal; kill $client $(cat /run/dhcp.pid)`,
    );
    expect(printed).toEqual([`login ${PAGE}`]);
  });
});

describe('what the network says', () => {
  const API = 'http://api.example/v1';
  const shown = (answers: readonly Answer[]): string[] =>
    looks(answers.map((answer) => ({ answers: { '/v1': answer }, url: API })));

  it('an address that could be more than one is not shown: the beginning of its own is', () => {
    const hostile = [
      'https://x.example/";reboot;"',
      'https://x.example/$(reboot)',
      'https://x.example/`reboot`',
      "https://x.example/'",
      'https://x.example/\u001b[2J',
      'https://bank.example@evil.example/',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://x.example/\nlogin https://evil.example/',
      `https://x.example/${'a'.repeat(600)}`,
      'https:///x',
      7,
      null,
      ['https://x.example/'],
    ];
    expect(shown(hostile.map((url) => api({ captive: true, 'user-portal-url': url })))).toEqual(
      hostile.map(() => 'login http://api.example/'),
    );
  });

  it('what is no object with a truth value is no answer of an API', () => {
    const bodies = [
      '"captive": true',
      '[{"captive": true}]',
      '{"other": {"captive": true}}',
      String.raw`{"other": "captive\": true, \"x"}`,
      '{"captive": "true"}',
      '['.repeat(4000),
      '{"captive',
      '\0'.repeat(5000),
    ];
    expect(shown(bodies.map(api))).toEqual(bodies.map(() => `maybe ${API}`));
  });

  it('escapes of JSON are read', () => {
    const body = String.raw`{"captive":true,"user-portal-url":"http:\/\/l.example\/a"}`;
    expect(shown([api(body)])).toEqual(['login http://l.example/a']);
  });

  it('no answer leads this machine to itself, to the host or elsewhere', () => {
    const urls = [
      'http://rebind.example/',
      'http://self.example/',
      'http://172.24.1.49/',
      'http://127.0.0.1/',
      'http://0.0.0.0/',
      'http://169.254.1.1/',
      // 172.24.1.1 and 127.0.0.1 to what connects.
      'http://172.030.1.1/',
      'http://172.24.1.001/',
      'http://0177.0.0.1/',
      'http://0x7f.0.0.1/',
      'http://0x7f000001/',
      'http://2130706433/',
      'http://127.1/',
      'http://172.24.257/',
      'http://192.168.5.258/',
    ];
    const room = roomWith({});
    const answers = { '/': { status: 302, headers: { Location: `http://${FAR}/elsewhere` } } };
    const found = looks(
      [...urls, 'http://api.example/'].map((url) => ({ url, answers })),
      undefined,
      room,
    );
    expect(found).toEqual([...urls, 'http://api.example/'].map((url) => `maybe ${url}`));
    expect(visitsOf(room)).toEqual(['http://api.example/']);
  });

  it('an option that is no address is none', () => {
    const options = [
      '',
      '0',
      'zz',
      '68747470',
      Buffer.from('http://a/\n').toString('hex'),
      Buffer.from('http://x /').toString('hex'),
      '61'.repeat(5000),
    ];
    const steps = options.map(
      (hex) => `lease bound opt114=${hex}; portal; cat /run/airhive/portal-api 2>/dev/null`,
    );
    expect(lines(roomWith({}), steps.join('\n'))).toEqual(options.map(() => 'nothing'));
  });
});

describe('a page of the profile', () => {
  const hijacked = (answers: readonly (Answer | string)[]): string[] =>
    looks(
      answers.map((answer) => ({ answers: { '/204': answer } })),
      CHECK,
    );

  it('answers 204 where no login is in the way; a login page says where, or is in the place of the page', () => {
    expect(
      hijacked([
        { status: 204 },
        { status: 302, headers: { Location: PAGE } },
        { status: 307, headers: { location: '/login' } },
        { status: 302, headers: { Location: 'javascript:x' } },
        { status: 200, body: '<html>' },
        { status: 511 },
      ]),
    ).toEqual(['open', `login ${PAGE}`, ...Array.from({ length: 4 }, () => `login ${CHECK}`)]);
  });

  it('says nothing when nobody answers, or as no server does', () => {
    const answers = [{ status: 404 }, { status: 503 }, '\0\u0001no http', 'HTTP/9.9 204\r\n\r\n'];
    expect(hijacked(answers)).toEqual(answers.map(() => 'nothing'));
  });

  it('is asked for after each lease', () => {
    const room = roomWith({ '/204': { status: 302, headers: { Location: PAGE } } }, CHECK);
    expect(lines(room, 'lease bound; found')).toEqual([`login ${PAGE}`]);
  });

  it('comes second to what the network says, and decides where that cannot be read', () => {
    const room = roomWith({}, CHECK);
    const url = 'https://api.example/v1';
    const found = looks(
      [
        { url, answers: { '/v1': api({ captive: false }), '/204': { status: 200 } } },
        { url, answers: { '/204': { status: 204 } } },
      ],
      CHECK,
      room,
    );
    expect(found).toEqual(['open', 'open']);
    expect(new Set(visitsOf(room))).toEqual(new Set([url, CHECK]));
  });
});
