import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { canUnshare } from '../../fixtures/namespaces.ts';
import { variant, VARIANTS } from '../../fixtures/profiles.ts';
import { freshFolder } from '../../fixtures/scratch.ts';

// The script with the real `ip` in a network of its own; the packet filter and sysctl only write down what they are
// asked, in which order.

const tree = guestTree(variant());

class Guest {
  readonly root = freshFolder();

  constructor(ipv6: string) {
    const below = /(?<=[\s"=<>])(?:\/(?:usr\/libexec|etc|var\/lib|run)\/airhive|\/dev\/ttyS0)/g;
    for (const name of ['lib', 'firewall']) {
      const path = `usr/libexec/airhive/${name}`;
      this.write(path, textAt(tree, path).replace(below, `${this.root}$&`));
    }
    this.write('etc/airhive/airhive.conf', `WLAN=wlan0\nGUEST=172.24.1.1\nIPV6_SUBNET=${ipv6}\n`);
    this.write('etc/airhive/firewall.rules', '');
    this.write('etc/airhive/firewall6.rules', '');
    this.write('dev/ttyS0', '');
    this.write('calls', '');
    this.write('run/airhive/said/.keep', '');
    this.tool('sysctl', 'case $1 in -n) echo 3072 ;; esac');
    this.tool('logger', '');
    this.tool('pkill', '');
    this.script('site-import', '');
  }

  private write(name: string, text: string): void {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }

  only(networks: 'any' | 'trusted', mode = 'station'): void {
    this.write(
      'etc/airhive/airhive.conf',
      `WLAN=wlan0\nGUEST=172.24.1.1\nIPV6_SUBNET=\nFIREWALL_ONLY=${networks}\nWIFI_MODE=${mode}\n`,
    );
  }

  /** What roam has written of the present network. */
  mark(marks: string | undefined): void {
    if (marks !== undefined) this.write('run/airhive/marks', marks);
  }

  key(): void {
    this.write('run/airhive/keys/tunnel', 'a key');
  }

  script(name: string, text: string): void {
    this.write(`usr/libexec/airhive/${name}`, `#!/bin/sh\n${text}\n`);
  }

  /** What a tool has got as its input, when it keeps that. */
  given(tool: string): string {
    const file = join(this.root, `bin/${tool}.in`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  tool(name: string, text: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>"${this.root}/calls"\n${text}\n`);
  }

  /** Runs a shell command in a new network, where `firewall` is the script; returns what it printed. */
  run(command: string): string {
    const path = `${this.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const script = `firewall() { /bin/sh ${this.root}/usr/libexec/airhive/firewall "$1"; }\n${command}`;
    const { stdout, stderr } = spawnSync('unshare', ['-n', '/bin/sh', '-c', script], {
      env: { PATH: path },
      encoding: 'utf8',
    });
    return stdout + stderr;
  }

  private called(pattern: RegExp): string[] {
    const lines = readFileSync(join(this.root, 'calls'), 'utf8').split('\n');
    return lines.filter((line) => pattern.test(line)).map((line) => line.trim());
  }

  /** What was asked of sysctl to set, and of the packet filter, in order. */
  steps(): string[] {
    return this.called(/^(sysctl -qw|ip6?tables)/);
  }

  /** The processes that were to be ended. */
  ended(): string[] {
    return this.called(/^pkill/);
  }

  said(): string[] {
    return this.called(/^logger/).map((line) => line.replace('logger -t airhive -- ', ''));
  }
}

const LAN6 = 'fd12:3456:789a::/64';
const closedRules = (address: string, last: readonly string[]): string =>
  [`0: from all to ${address} iif wlan0 blackhole`, '1: from all lookup local', ...last, ''].join('\n');
const policy = (family: string): string => `ip ${family} rule | tr '\\t' ' ' | sed 's/ \\[detached\\]//'`;

describe.skipIf(!canUnshare('-n'))('firewall close (needs root and unshare)', () => {
  it("takes the guest's address from the Wi-Fi side without a packet filter, and once only", () => {
    const guest = new Guest('');
    const said = guest.run(`firewall close; firewall close; ${policy('-4')}`);
    expect(said).toBe(
      closedRules('172.24.1.1', ['32766: from all lookup main', '32767: from all lookup default']),
    );
    expect(guest.steps()).toEqual(Array(2).fill('sysctl -qw net.ipv4.ip_forward=0'));
  });

  it('also its IPv6 address, when the profile asks for one', () => {
    const guest = new Guest(LAN6);
    const said = guest.run(`firewall close; firewall close; ${policy('-6')}`);
    const host = `2: from all to ${LAN6} lookup 10`;
    expect(said).toBe(closedRules('fd12:3456:789a::1', [host, '32766: from all lookup main']));
    expect(guest.steps()).toContain('sysctl -qw net.ipv6.conf.all.forwarding=0');
  });
});

describe.skipIf(!canUnshare('-n'))('a router of the Wi-Fi that calls the addresses of the host its own (needs root, unshare)', () => {
  const lan = 'ip link add eth0 type veth peer name host; ip link set host up; ip link set eth0 up';
  const wifi = 'ip link add wlan0 type veth peer name air; ip link set air up; ip link set wlan0 up';
  // What Linux makes of a prefix in a router advertisement that is on the link.
  const advertised = 'ip -6 addr add fd12:3456:789a:0:ffff::2/80 dev wlan0 nodad; ip -6 route add fd12:3456:789a::/80 dev wlan0';
  const way = "ip -6 route get fd12:3456:789a::49 2>&1 | sed 's/.* dev \\([a-z0-9]*\\) .*/\\1/'";

  it('gets nothing that is meant for the host', () => {
    const guest = new Guest(LAN6);
    const up = /post-up (.*)/.exec(textAt(guestTree(VARIANTS.ipv6!), 'etc/network/interfaces'))![1]!;
    const address = 'ip -6 addr add fd12:3456:789a::1/64 dev eth0 nodad';
    const said = guest.run(`${lan}; ${wifi}; firewall close; ${address}; ${up}; ${advertised}; ${way}`);
    expect(said).toBe('eth0\n');
  });

  it('not even while the cable to the host is not up', () => {
    const said = new Guest(LAN6).run(`${wifi}; firewall close; ${advertised}; ${way}`);
    expect(said).toMatch(/No route to host/);
  });
});

describe.skipIf(!canUnshare('-n'))('firewall open (needs root and unshare)', () => {
  const path = (guest: Guest): string => `PATH=${guest.root}/bin:/bin:/usr/bin`;

  it('loads the rules, makes room, and only then forwards', () => {
    const guest = new Guest(LAN6);
    guest.tool('iptables-restore', '');
    guest.tool('ip6tables-restore', '');
    // It is the first of our services.
    rmSync(join(guest.root, 'run'), { recursive: true });
    expect(guest.run('firewall open && echo open')).toBe('open\n');
    expect(guest.steps()).toEqual([
      'iptables-restore',
      'ip6tables-restore',
      'sysctl -qw net.netfilter.nf_conntrack_max=16384',
      'sysctl -qw net.ipv4.ip_forward=1',
      'sysctl -qw net.ipv6.conf.all.forwarding=1',
    ]);
  });

  it.each([
    ['IPv4', 'iptables-restore'],
    ['IPv6', 'ip6tables-restore'],
  ])('forwards nothing, and says so once, while the rules of %s cannot be loaded', (_, broken) => {
    const guest = new Guest(LAN6);
    for (const name of ['iptables-restore', 'ip6tables-restore'])
      guest.tool(name, name === broken ? 'exit 2' : '');
    expect(guest.run('firewall open || firewall open || echo closed')).toBe('closed\n');
    expect(guest.steps().filter((step) => step.endsWith('=1'))).toEqual([]);
    expect(guest.said()).toEqual(['the firewall rules cannot be loaded: not forwarding']);
  });

  it.each([
    ['station', 'the Wi-Fi is up'],
    ['access-point', 'there is a way out through the host'],
  ])('forwards nothing, and says why, without a packet filter: %s', (mode, moment) => {
    const guest = new Guest('');
    guest.only('any', mode);
    expect(guest.run(`${path(guest)}; firewall open || echo closed`)).toBe('closed\n');
    expect(guest.steps()).toEqual([]);
    expect(guest.said()).toEqual([
      `no packet filter yet (iptables is not on the ISO): not forwarding. It is fetched as soon as ${moment}`,
    ]);
  });
});

describe.skipIf(!canUnshare('-n'))('firewall trust (needs root and unshare)', () => {
  const CLOSED = '*filter\n:visitors - [0:0]\n-A visitors -j DROP\nCOMMIT\n';
  const OPEN = '*filter\n:visitors - [0:0]\nCOMMIT\n';

  /** What the packet filter was given by each call after these marks, and the calls. */
  function trust(guest: Guest, marks: string | undefined, tool = 'cat >>"$0.in"'): [string, string[]] {
    guest.tool('iptables-restore', tool);
    guest.tool('pkill', '');
    guest.only('trusted');
    guest.mark(marks);
    const said = guest.run('firewall trust');
    return [said + guest.given('iptables-restore'), guest.steps()];
  }

  it.each<[string | undefined, string]>([
    ['trusted\n', OPEN],
    ['trusted public\n', OPEN],
    ['public\n', CLOSED],
    ['\n', CLOSED],
    ['untrusted\n', CLOSED],
    [undefined, CLOSED],
  ])('in a network with the marks %j', (marks, given) => {
    expect(trust(new Guest(''), marks)).toEqual([given, ['iptables-restore --noflush']]);
  });

  it('changes nothing when the profile opens everywhere, and without a packet filter', () => {
    const guest = new Guest('');
    guest.tool('iptables-restore', '');
    expect(guest.run('firewall trust')).toBe('');
    expect(guest.steps()).toEqual([]);
    const bare = new Guest('');
    bare.only('trusted');
    expect(bare.run(`PATH=${bare.root}/bin:/bin:/usr/bin; firewall trust && echo fine`)).toBe('fine\n');
  });

  it('is asked again after the rules were loaded, which close everything', () => {
    const guest = new Guest('');
    guest.only('trusted');
    guest.mark('trusted\n');
    guest.key();
    guest.tool('iptables-restore', 'cat >>"$0.in"');
    expect(guest.run('firewall open')).toBe('');
    expect(guest.steps().filter((step) => step.startsWith('iptables'))).toEqual([
      'iptables-restore',
      'iptables-restore --noflush',
    ]);
    expect(guest.given('iptables-restore')).toBe(OPEN);
  });

  it.each(['any', 'trusted'] as const)('takes away the key of the tunnel and ends its session when the rules cannot be loaded: %s', (networks) => {
    const guest = new Guest('');
    guest.only(networks);
    guest.mark('trusted\n');
    guest.tool('pkill', '');
    guest.tool('iptables-restore', '');
    guest.key();
    expect(guest.run(`firewall open; ls ${guest.root}/run/airhive`)).toContain('firewall-loaded');
    guest.tool('iptables-restore', 'exit 1');
    expect(guest.run(`firewall open || firewall open || echo closed; ls ${guest.root}/run/airhive/keys`)).toBe('closed\n');
    expect(guest.ended()).toEqual(Array(2).fill('pkill -f ^sshd[^:]*: tunnel'));
    expect(guest.run(`[ -e ${guest.root}/run/airhive/firewall-loaded ] || echo gone`)).toBe('gone\n');
    expect(guest.said()).toEqual(['the firewall rules cannot be loaded: not forwarding']);
  });

  it('forwards again once the rules for visitors could be changed, if all the others are loaded', () => {
    const guest = new Guest('');
    guest.only('trusted');
    guest.tool('pkill', '');
    guest.script('site-import', 'echo "import $*"');
    guest.tool('iptables-restore', '[ "$1" != --noflush ]');
    expect(guest.run('firewall open')).toBe('');
    expect(guest.steps().at(-1)).toBe('sysctl -qw net.ipv4.ip_forward=0');
    guest.tool('iptables-restore', '');
    expect(guest.run('firewall trust')).toBe('import --keys\n');
    expect(guest.steps().at(-1)).toBe('sysctl -qw net.ipv4.ip_forward=1');
    const forwards = guest.steps().length;
    guest.run('firewall trust');
    expect(guest.steps().slice(forwards)).toEqual(['iptables-restore --noflush']);
  });

  it('forwards nothing when the rules were never loaded, or no more', () => {
    const guest = new Guest('');
    guest.only('trusted');
    guest.tool('pkill', '');
    guest.tool('iptables-restore', 'exit 1');
    guest.run('firewall trust; firewall open');
    guest.tool('iptables-restore', '');
    guest.run('firewall trust');
    expect(guest.steps().filter((step) => step.endsWith('=1'))).toEqual([]);
    guest.script('site-import', '');
    guest.run('firewall open');
    guest.tool('iptables-restore', 'exit 1');
    guest.run('firewall trust; firewall close');
    const forwards = guest.steps().length;
    guest.tool('iptables-restore', '');
    guest.run('firewall trust');
    expect(guest.steps().slice(forwards)).toEqual(['iptables-restore --noflush']);
  });

  it('takes away the key of the tunnel and forwards nothing when it cannot close', () => {
    const guest = new Guest('');
    guest.key();
    const [, steps] = trust(guest, undefined, 'exit 4');
    expect(steps).toEqual([
      'iptables-restore --noflush',
      'iptables-restore --noflush',
      'sysctl -qw net.ipv4.ip_forward=0',
    ]);
    expect(guest.said()).toEqual([expect.stringMatching(/^the rules for visitors cannot be changed: not forwarding/)]);
    expect(guest.run(`[ -e ${guest.root}/run/airhive/keys/tunnel ] || echo gone`)).toBe('gone\n');
  });

  it('leaves all closed, and says so, when it cannot open', () => {
    const [, steps] = trust(new Guest(''), 'trusted\n', 'exit 4');
    expect(steps).toEqual(['iptables-restore --noflush', 'iptables-restore --noflush']);
  });

  it.each(['any', 'trusted'] as const)('asks for the key of the tunnel once there is a packet filter: %s', (networks) => {
    const guest = new Guest('');
    guest.only(networks);
    guest.tool('iptables-restore', '');
    guest.script('site-import', 'echo "import $*"');
    expect(guest.run('firewall open')).toBe('import --keys\n');
    guest.key();
    expect(guest.run('firewall open')).toBe('');
  });
});
