import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { variant } from '../../fixtures/profiles.ts';
import { run } from '../../fixtures/scratch.ts';
import { randomOf } from '../../packages/random.ts';
import { Guest } from './guest.ts';

// What a DHCP server says is anybody's word. The answers here are as udhcpc hands them on, and as none hands them on; the
// real udhcpc is in test/guest/hostile-dhcp.test.ts.

type Answer = Readonly<Record<string, string>>;

const OURS = '172.24.1.0/24';
const HOME: Answer = { ip: '192.168.5.7', mask: '24', router: '192.168.5.1', dns: '192.168.5.1' };

class Lease extends Guest {
  constructor() {
    super('lease');
    const awk = 'usr/libexec/airhive/lease.awk';
    this.write(awk, textAt(guestTree(variant()), awk));
    this.write('etc/airhive/airhive.conf', `WLAN=wlan0\nSUBNET=${OURS}\nIPV6_SUBNET=\n`);
    this.write('sys/class/net/wlan0/mtu', '1500\n');
    for (const script of ['way', 'name-servers', 'portal'])
      this.write(`usr/libexec/airhive/${script}`, '#!/bin/sh\n');
    this.write('etc/resolv.conf', '');
    for (const tool of ['pkill', 'wpa_cli', 'setsid']) this.tool(tool, '');
    // There is no default route to delete. The address stays until it is flushed.
    this.tool(
      'ip',
      `case "$*" in
*"del default"*) exit 2 ;;
*"addr add "*) echo "    inet $4 scope global wlan0" >"$GUEST/address" ;;
*"addr flush "*) rm -f "$GUEST/address" ;;
*"addr show "*) [ ! -e "$GUEST/address" ] || cat "$GUEST/address" ;;
esac`,
    );
  }

  hear(answer: Answer, event = 'bound'): void {
    this.environment = { interface: 'wlan0', ...answer };
    this.call(event);
  }

  /** The removals of routes but the default one. */
  get removed(): string[] {
    return this.calls('ip').filter((line) => /route del \d/.test(line));
  }

  /** Each as "DEST via ROUTER", or "DEST" for one on the link. */
  get routes(): string[] {
    const calls = this.calls('ip').map((line) => /^-4 route replace (.*) dev wlan0/.exec(line)?.[1]);
    return calls.filter((route) => route !== undefined);
  }
}

function routesOf(staticroutes: string, others: Answer = {}): { routes: string[]; said: string | undefined } {
  const guest = new Lease();
  guest.hear({ ...HOME, ...others, staticroutes });
  return { routes: guest.routes, said: guest.said.find((line) => line.startsWith('of the routes')) };
}

describe('a lease of a network that the guest leaves while it is taken', () => {
  const leaves = (then: string): Lease => {
    const guest = new Lease();
    guest.write('run/airhive/ssid', 'home');
    guest.write('usr/libexec/airhive/name-servers', `#!/bin/sh\n${then.replaceAll('RUN', `${guest.root}/run/airhive`)}\n`);
    guest.hear(HOME);
    return guest;
  };

  it.each([
    ['another one is joined', 'printf other >RUN/ssid'],
    ['none is joined yet', 'rm -f RUN/ssid'],
  ])('is not that of the next network: %s', (_, then) => {
    const guest = leaves(then);
    expect(existsSync(join(guest.root, 'run/airhive/lease'))).toBe(false);
    expect(existsSync(join(guest.root, 'run/airhive/lease-ssid'))).toBe(false);
    expect(guest.said).toEqual([]);
  });

  it('is used when it stays, also if its name comes late', () => {
    expect(leaves('printf home >RUN/ssid').read('run/airhive/lease')).toContain('ip=192.168.5.7\n');
    const guest = new Lease();
    guest.write('usr/libexec/airhive/name-servers', `#!/bin/sh\nprintf home >${guest.root}/run/airhive/ssid\n`);
    guest.hear(HOME);
    expect(guest.read('run/airhive/lease-ssid')).toBe('home');
  });
});

describe('option 121', () => {
  it('takes the place of the router option, with or without a default route in it', () => {
    expect(routesOf('10.0.0.0/8 192.168.5.2 0.0.0.0/0 192.168.5.3').routes).toEqual([
      'default via 192.168.5.3',
      '10.0.0.0/8 via 192.168.5.2',
    ]);
    expect(routesOf('10.0.0.0/8 192.168.5.2').routes).toEqual(['10.0.0.0/8 via 192.168.5.2']);
  });

  it.each([
    ['bits beyond the prefix', '10.1.2.3/8 192.168.5.2', ['10.0.0.0/8 via 192.168.5.2']],
    ['a network on the link', '10.1.2.0/24 0.0.0.0', ['10.1.2.0/24']],
    ['a router on the link', '10.0.0.1/32 0.0.0.0 0.0.0.0/0 10.0.0.1', ['default via 10.0.0.1', '10.0.0.1/32']],
    ["a wider network than the host's", '172.16.0.0/12 192.168.5.2', ['172.16.0.0/12 via 192.168.5.2']],
    ['the network itself, on the link', '192.168.5.0/24 0.0.0.0', []],
  ])('as networks give it: %s', (_what, option, routes) => {
    expect(routesOf(option)).toEqual({ routes, said: undefined });
  });

  it.each([
    ['172.24.1.0/24 192.168.5.2', "the host's own range"],
    ['172.24.1.49/32 192.168.5.2', "the host's own range"],
    ['172.24.1.128/25 0.0.0.0', "the host's own range"],
    ['0.0.0.0/1 192.168.5.2', 'splits the default route'],
    ['128.0.0.0/1 192.168.5.2', 'splits the default route'],
    ['64.0.0.0/7 192.168.5.2', 'splits the default route'],
    ['127.0.0.0/8 192.168.5.2', 'no network of hosts'],
    ['0.0.0.0/8 192.168.5.2', 'no network of hosts'],
    ['224.0.0.0/8 192.168.5.2', 'no network of hosts'],
    ['255.255.255.255/32 192.168.5.2', 'no network of hosts'],
    ['169.254.169.254/32 192.168.5.2', 'no network of hosts'],
    ['192.168.5.0/24 192.168.5.2', 'the network itself'],
    ['10.0.0.0/8 172.24.1.1', 'no router'],
    ['10.0.0.0/8 192.168.5.7', 'no router'],
    ['10.0.0.0/8 127.0.0.1', 'no router'],
    ['10.0.0.0/8 192.168.5.255', 'no router'],
    ['0.0.0.0/0 0.0.0.0', 'no router'],
    ['10.0.0.0/8', 'not a route'],
    ['10.0.0.0/33 192.168.5.2', 'not a route'],
    ['10.0.0/8 192.168.5.2', 'not a route'],
    ['10.0.0.256/8 192.168.5.2', 'not a route'],
  ])('a hostile one is refused and said: %s', (option, why) => {
    const to = option.split(' ')[0]!;
    expect(routesOf(option)).toEqual({
      routes: [],
      said: `of the routes that the Wi-Fi network gives, 1 are not used: ${to} (${why})`,
    });
  });

  it('is bounded, and so is what is said of it', () => {
    const many = Array.from({ length: 40 }, (_, index) => `10.${index}.0.0/16 192.168.5.2`).join(' ');
    const { routes, said } = routesOf(many);
    expect(routes).toHaveLength(16);
    expect(said).toBe(
      'of the routes that the Wi-Fi network gives, 24 are not used: 10.16.0.0/16 (too many), 10.17.0.0/16 (too many), 10.18.0.0/16 (too many)',
    );
  });

  it('leaves none of those it gave before', () => {
    const guest = new Lease();
    guest.hear({ ...HOME, staticroutes: '10.0.0.0/8 192.168.5.2 11.0.0.0/8 192.168.5.2' });
    guest.hear({ ...HOME, staticroutes: '11.0.0.0/8 192.168.5.3' }, 'renew');
    guest.hear(HOME, 'renew');
    expect(guest.removed).toEqual([
      '-4 route del 10.0.0.0/8 dev wlan0 proto static',
      '-4 route del 11.0.0.0/8 dev wlan0 proto static',
    ]);
    expect(guest.calls('ip').filter((line) => /route replace \d/.test(line))).toEqual([
      '-4 route replace 10.0.0.0/8 via 192.168.5.2 dev wlan0 proto static',
      '-4 route replace 11.0.0.0/8 via 192.168.5.2 dev wlan0 proto static',
      '-4 route replace 11.0.0.0/8 via 192.168.5.3 dev wlan0 proto static',
    ]);
  });

  it('removes nothing that went with the last address: what has that destination now is of the next network', () => {
    const guest = new Lease();
    guest.hear({ ...HOME, staticroutes: '192.168.9.0/24 192.168.5.2' });
    guest.hear({ ip: '192.168.9.7', mask: '24', router: '192.168.9.1', dns: '192.168.9.1' });
    expect(guest.removed).toEqual([]);
    guest.hear(HOME);
    expect(guest.removed).toEqual([]);
  });
});

describe('a leased network as large as half of the Internet', () => {
  it.each(['0', '1', '7'])('is refused: /%s', (mask) => {
    const guest = new Lease();
    guest.hear({ ...HOME, ip: '10.1.2.3', mask });
    expect(guest.routes).toEqual([]);
    expect(guest.said.at(-1)).toMatch(/refused/);
  });
});

/** Texts that would run, or make a line, a word, an option or a route, if something took them at their word. */
const HOSTILE = [
  '$(touch $GUEST/ran)',
  '`touch $GUEST/ran`',
  "'; touch $GUEST/ran; '",
  '"; touch $GUEST/ran; "',
  'a\nnameserver 6.6.6.6',
  'a\nroute 172.24.1.0/24 192.168.5.2',
  'lan\nsearch evil.example',
  '* ? [a-z]*',
  '-n --help',
  '\u001b[2J\u0007',
  '%s%n %d',
  '\\n\\0',
  '1; 2',
  'x'.repeat(5000),
  '172.24.1.49',
  '0x7f000001 017700000001 2130706433',
  '10.0.0.0/8 192.168.5.2 172.24.1.0/24 192.168.5.2',
];

const NAMES = ['ip', 'mask', 'router', 'dns', 'domain', 'search', 'mtu', 'staticroutes'] as const;

const LINES = {
  resolv: /^(search( [A-Za-z0-9_.-]+){1,6}|nameserver \d+\.\d+\.\d+\.\d+)$/,
  lease: /^(ip|router|routers|dns|mask)=[0-9. ]*$/,
};

function soundIn(guest: Lease): void {
  expect(existsSync(join(guest.root, 'ran')), 'something ran').toBe(false);
  for (const [file, pattern] of [
    ['run/airhive/resolv.conf', LINES.resolv],
    ['run/airhive/lease', LINES.lease],
  ] as const) {
    if (!existsSync(join(guest.root, file))) continue;
    const lines = readFileSync(join(guest.root, file), 'utf8').split('\n').slice(0, -1);
    expect(lines.filter((line) => !pattern.test(line))).toEqual([]);
  }
  for (const route of guest.routes) expect(route).toMatch(/^(default|[\d.]+\/\d+)( via [\d.]+)?$/);
  for (const line of [...guest.calls('ip'), ...guest.routes]) expect(line).not.toContain('172.24.1.');
  for (const line of guest.said.filter((text) => !text.includes("the host's own range")))
    expect(line).toMatch(/^[\w ,.:;()/'-]*$/);
}

describe('a hostile answer', () => {
  it.each(NAMES)('in %s runs nothing, adds no line and no route', (name) => {
    const guest = new Lease();
    for (const text of HOSTILE) {
      guest.hear({ ...HOME, [name]: text });
      guest.hear({ ...HOME, [name]: `${HOME[name] ?? ''} ${text}` }, 'renew');
    }
    soundIn(guest);
  });
});

/** Any answer: half of its words are what a server would say, the others are not. */
function randomAnswer(random: () => number): Answer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const byte = (): number => Math.floor(random() * 256);
  const address = (): string =>
    random() < 0.3
      ? `172.24.1.${byte()}`
      : [pick([10, 192, 172, 127, 0, 224, 255, byte()]), pick([168, 24, byte()]), pick([1, 5, byte()]), byte()].join('.');
  const word = (): string => (random() < 0.1 ? pick(HOSTILE) : address());
  const list = (most: number, one: () => string): string =>
    Array.from({ length: Math.floor(random() * most) }, one).join(' ');
  return {
    ip: word(),
    mask: random() < 0.9 ? String(Math.floor(random() * 34)) : pick(HOSTILE),
    router: list(6, word),
    dns: list(10, word),
    domain: pick(HOSTILE),
    search: list(9, () => pick([...HOSTILE, 'lan', 'corp.example'])),
    ...(random() < 0.7 && {
      staticroutes: list(40, () => `${word()}/${Math.floor(random() * 35)} ${random() < 0.2 ? '0.0.0.0' : word()}`),
    }),
  };
}

const inside = (address: string): boolean => address.startsWith('172.24.1.');

/** What is printed is of these forms, and nothing of it is of the host's side. */
function expectSound(printed: string): void {
  const lines = printed.split('\n').filter(Boolean);
  const forms =
    /^(ip [\d.]+|mask \d+|lease (used|no-host|ours|wide)|(router|dns) [\d.]+|named[\d. ]*|search( [A-Za-z0-9_.-]+){0,6}|route [\d.]+\/\d+ [\d.]+|unused \d+ [\d.]*(\/\d*)?[ \w(),'./]*)$/;
  expect(lines.filter((line) => !forms.test(line))).toEqual([]);
  const used = lines.flatMap((line) => /^(?:router|dns) (.*)/.exec(line)?.[1] ?? []);
  expect(used.filter(inside)).toEqual([]);
  const routes = lines.flatMap((line) => {
    const [, to = '', length = '', via = ''] = /^route (.*)\/(\d+) (.*)/.exec(line) ?? [];
    return length === '' ? [] : [{ to, length: Number(length), via }];
  });
  expect(routes.length).toBeLessThanOrEqual(16);
  expect(routes.filter(({ to, length, via }) => length < 8 || (length >= 24 && inside(to)) || inside(via))).toEqual([]);
}

describe('1,000 random answers', () => {
  it('leave nothing but what may be used, in every awk', () => {
    const random = randomOf(17);
    const answers = Array.from({ length: 1000 }, () => randomAnswer(random));
    const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
    const file = new URL('../../../overlays/guest/usr/libexec/airhive/lease.awk', import.meta.url).pathname;
    const script = answers
      .map((answer) => {
        const words = Object.entries(answer).map(([name, value]) => `${name}=${quote(value)}`);
        return `env ${words.join(' ')} $AWK -v ours=${OURS} -f "$FILE" || echo failed; echo ===`;
      })
      .join('\n');
    const by = (awk: string): string =>
      run('sh', [], { input: `AWK='${awk}' FILE='${file}'\n${script}` }).toString();
    const printed = by('busybox awk');
    expect(printed.split('===\n').slice(0, -1)).toHaveLength(1000);
    for (const one of printed.split('===\n')) expectSound(one);
    expect(printed.match(/^route /gm)!.length, 'many routes that may be used').toBeGreaterThan(500);
    expect(by('mawk')).toBe(printed);
  });
});
