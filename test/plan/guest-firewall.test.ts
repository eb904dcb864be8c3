import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../fixtures/machines.ts';
import { canUnshare } from '../fixtures/namespaces.ts';
import { VARIANTS } from '../fixtures/profiles.ts';
import { run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const rulesOf = (name: string, file = 'firewall.rules') =>
  textAt(guestTree(VARIANTS[name]!), `etc/airhive/${file}`);
const names = Object.keys(VARIANTS);

/** The lines of one table that add to a chain. */
function rules(text: string, table: string, chain: string): string[] {
  const [, body = ''] = new RegExp(`^\\*${table}\\n([^]*?)^COMMIT$`, 'm').exec(text) ?? [];
  return body.split('\n').filter((line) => line.startsWith(`-A ${chain} `));
}

/** So many new connections from one address. */
const perAddress = (rate: string, burst: number, name: string): string =>
  `-m hashlimit --hashlimit-${rate} --hashlimit-burst ${burst} --hashlimit-mode srcip ` +
  `--hashlimit-name ${name} --hashlimit-htable-max 4096`;

/** What is said to the group of multicast DNS, by programs that answer there too. */
const multicastDns = (from: string, name: string): string =>
  `-A INPUT -d 224.0.0.251/32 ${from} -p udp -m udp --sport 5353 --dport 5353 ` +
  `${perAddress('upto 20/sec', 60, `mdns-${name}`)} -j ACCEPT`;

describe.each([
  ['iptables-restore', 'firewall.rules', names],
  ['ip6tables-restore', 'firewall6.rules', names],
] as const)('%s', (tool, file, all) => {
  const isReady = hasTool(tool) && canUnshare('-n');
  it.skipIf(!isReady).each(all)(`takes the rules of %s (needs root, unshare and ${tool})`, (name) => {
    run('unshare', ['-n', tool, '--test'], { input: rulesOf(name, file) });
  });

  it.skipIf(!isReady)(`loads what it takes, as a whole (needs root, unshare and ${tool})`, () => {
    const script = '"$1" && "$2" -t filter';
    const saved = run('unshare', ['-n', 'sh', '-c', script, 'sh', tool, tool.replace('restore', 'save')], {
      input: rulesOf('everything', file),
    }).toString();
    const chains = ['INPUT', 'FORWARD'] as const;
    for (const chain of chains) {
      expect(saved).toContain(`:${chain} DROP [`);
      expect(rules(saved, 'filter', chain).length).toBe(
        rules(rulesOf('everything', file), 'filter', chain).length,
      );
    }
  });
});

describe.each(names)('the firewall of %s', (name) => {
  const text = rulesOf(name);
  const { network, wifi, ssh, firewall } = VARIANTS[name]!;

  it('drops what no rule lets in', () => {
    for (const rule of [':INPUT DROP [0:0]', ':FORWARD DROP [0:0]']) expect(text).toContain(`\n${rule}\n`);
  });

  it('lets in from the Wi-Fi: answers, ping, and by the profile multicast DNS and the tunnel', () => {
    const fromWifi = rules(text, 'filter', 'INPUT').filter(
      (rule) => rule.includes(`-i ${wifi.interface} `) && !rule.endsWith('-j visitors'),
    );
    const tunnel = `-A INPUT -i ${wifi.interface} -p tcp -m tcp --dport ${ssh.port} ${perAddress('upto 60/min', 60, 'reverse')} -j ACCEPT`;
    expect(fromWifi).toEqual([
      `-A INPUT -i ${wifi.interface} -p icmp -m icmp --icmp-type 8 -j ACCEPT`,
      ...(network.mdns ? [multicastDns(`-i ${wifi.interface}`, 'wifi')] : []),
      ...(ssh.reverse ? [tunnel] : []),
    ]);
    // A rule for every interface may only be about connections that are known already.
    for (const rule of rules(text, 'filter', 'INPUT').filter((line) => !line.includes(' -i '))) {
      expect(rule).toMatch(/--ctstate (INVALID -j DROP|RELATED,ESTABLISHED -j ACCEPT)$/);
    }
  });

  it('takes multicast DNS from both sides, and limits what is said to each, if the profile has it', () => {
    const lan = `-s ${network.subnet}/${network.prefix}`;
    const about = text.split('\n').filter((line) => line.includes('mdns-'));
    const limit = perAddress('above 60/sec', 120, 'mdns-out');
    expect(about).toEqual(
      network.mdns
        ? [
            multicastDns('-i eth0', 'lan').replace('-A INPUT', `-A INPUT ${lan}`),
            multicastDns(`-i ${wifi.interface}`, 'wifi'),
            `-A OUTPUT -p udp -m udp --sport 5353 --dport 5353 ${limit} -j DROP`,
          ]
        : [],
    );
    expect(text.includes('5353')).toBe(network.mdns);
  });

  it('drops who comes from outside before anything else, when only trusted networks may have that', () => {
    const only = firewall.only === 'trusted';
    expect(text.includes('\n:visitors - [0:0]\n')).toBe(only);
    expect(rules(text, 'filter', 'visitors')).toEqual(only ? ['-A visitors -j DROP'] : []);
    const visits = (chain: string) =>
      rules(text, 'filter', chain).map((rule) => rule.endsWith('-j visitors'));
    expect(visits('FORWARD')[0]).toBe(only);
    expect(visits('INPUT')[0]).toBe(only && ssh.reverse);
    expect(rules(text, 'filter', 'OUTPUT').filter((rule) => rule.endsWith('-j visitors'))).toEqual(
      only && ssh.reverse
        ? [`-A OUTPUT -o ${wifi.interface} -p tcp -m tcp --sport ${ssh.port} -j visitors`]
        : [],
    );
  });

  it('forwards from the Wi-Fi only what was forwarded to the host by name', () => {
    const opened = rules(text, 'filter', 'FORWARD').filter((rule) => rule.includes(`-i ${wifi.interface} `));
    expect(opened).toEqual(
      firewall.forwards.flatMap(({ protocol, to }) => {
        const packets = `-A FORWARD -d ${network.host} -i ${wifi.interface} -o eth0 -p ${protocol} -m ${protocol} --dport ${to}`;
        return [
          `${packets} ${perAddress('above 20/sec', 100, 'forwards')} -j DROP`,
          `${packets} -m conntrack --ctstate DNAT -j ACCEPT`,
        ];
      }),
    );
    expect(rules(text, 'nat', 'PREROUTING')).toEqual(
      firewall.forwards.map(
        ({ protocol, port, to }) =>
          `-A PREROUTING -i ${wifi.interface} -p ${protocol} -m ${protocol} --dport ${port} ` +
          `-j DNAT --to-destination ${network.host}:${to}`,
      ),
    );
  });

  it("hides the host's network, and makes segments fit", () => {
    const lan = `${network.subnet}/${network.prefix}`;
    expect(rules(text, 'nat', 'POSTROUTING')).toEqual([
      `-A POSTROUTING -s ${lan} -o ${wifi.interface} -j MASQUERADE`,
    ]);
    expect(rules(text, 'mangle', 'FORWARD').length).toBe(2);
    for (const rule of rules(text, 'mangle', 'FORWARD')) expect(rule).toContain('--clamp-mss-to-pmtu');
  });
});

describe('the IPv6 firewall', () => {
  it('lets nothing through unless the profile asks for IPv6', () => {
    const text = rulesOf('intel8260', 'firewall6.rules');
    expect(text).not.toContain('*nat');
    expect(rules(text, 'filter', 'FORWARD')).toEqual([]);
    expect(rules(text, 'filter', 'INPUT')).toEqual(['-A INPUT -i lo -j ACCEPT']);
    expect(text).toContain('\n:FORWARD DROP [0:0]\n');
  });

  it('means the whole /64 of the bridge, not its first address', () => {
    const text = rulesOf('ipv6', 'firewall6.rules');
    const all = [...text.matchAll(/ -s (\S+)/g)].map(([, source]) => source);
    const sources = all.filter((source) => source !== 'fe80::/10');
    expect(sources.length).toBeGreaterThanOrEqual(4);
    expect(new Set(sources)).toEqual(new Set(['fd12:3456:789a::/64']));
    expect(rules(text, 'filter', 'FORWARD')).toContain(
      '-A FORWARD -s fd12:3456:789a::/64 -i eth0 -o wlan0 -j ACCEPT',
    );
  });

  it('takes of ICMPv6 itself only neighbours, ping, and the router and the multicast queries of the Wi-Fi', () => {
    const types = rules(rulesOf('ipv6', 'firewall6.rules'), 'filter', 'INPUT').filter((rule) =>
      rule.includes('icmp'),
    );
    const link = '-s fe80::/10 -i wlan0 ';
    expect(types.toSorted()).toEqual(
      [`${link}130`, `${link}134`, '128', '135', '136']
        .map((words) => words.replace(/(\d+)$/, '-p ipv6-icmp -m icmp6 --icmpv6-type $1 -j ACCEPT'))
        .map((words) => `-A INPUT ${words}`)
        .toSorted(),
    );
  });
});
