import { describe, expect, it } from 'vitest';
import { treeOf } from '../../generators/formats/tree.ts';
import { fetchedPackages, planGuest, worldPackages } from '../../generators/plan/guest.ts';
import { guestTree, textAt } from '../fixtures/machines.ts';
import { VARIANTS, variant } from '../fixtures/profiles.ts';

/** Services of the packages that are on every ISO: openrc, busybox, openssh, alpine-baselayout (docs/notes/alpine.md). */
const STOCK: Readonly<Record<string, readonly string[]>> = {
  sysinit: ['devfs', 'dmesg', 'hwdrivers', 'mdev', 'modloop'],
  boot: ['bootmisc', 'hostname', 'modules', 'networking', 'sysctl', 'syslog'],
  default: ['acpid', 'sshd'],
  shutdown: ['killprocs', 'mount-ro', 'savecache'],
};

const variants = Object.entries(VARIANTS).map(([name, profile]) => ({
  name,
  profile,
  tree: guestTree(profile),
}));
const tree = guestTree(VARIANTS.intel8260!);

/** Names of the services that are linked into a level. */
const linked = (of: typeof tree, level: string) =>
  of
    .filter(({ path }) => path.startsWith(`etc/runlevels/${level}/`))
    .map((entry) => {
      const name = entry.path.slice(`etc/runlevels/${level}/`.length);
      expect(entry).toMatchObject({ type: 'symlink', target: `/etc/init.d/${name}` });
      return name;
    });

describe.each(variants)('the guest of $name', ({ tree: guest, profile }) => {
  it('links all four levels, each to services that will be there', () => {
    const services = guest.filter(({ path }) => path.startsWith('etc/init.d/'));
    const levels = guest.filter(({ path }) => /^etc\/runlevels\/[^/]+$/.test(path));
    expect(levels.map(({ path }) => path.slice('etc/runlevels/'.length))).toEqual(
      Object.keys(STOCK).toSorted(),
    );
    for (const [level, stock] of Object.entries(STOCK)) {
      const ours = linked(guest, level).filter((name) => !stock.includes(name));
      expect(linked(guest, level)).toEqual(expect.arrayContaining([...stock]));
      for (const name of ours) {
        expect(services).toContainEqual(expect.objectContaining({ path: `etc/init.d/${name}`, mode: 0o755 }));
      }
    }
  });

  it('starts the services that fetch exactly when there is something to fetch', () => {
    const fetching = fetchedPackages(profile).length > 0;
    expect(linked(guest, 'boot').includes('airhive-packages')).toBe(fetching);
    expect(linked(guest, 'default').includes('airhive-fetch')).toBe(fetching);
    expect(textAt(guest, 'etc/airhive/airhive.conf').includes("\nPACKAGES=''\n")).toBe(!fetching);
  });

  it('has a login on the serial line, and no file that is still a template', () => {
    expect(textAt(guest, 'etc/inittab')).toMatch(/^ttyS0::respawn:\/sbin\/getty -L 115200 ttyS0 vt100$/m);
    for (const entry of guest) {
      expect(entry.path).not.toContain('.mustache');
      if (entry.type === 'file') expect(Buffer.from(entry.bytes).toString(), entry.path).not.toContain('{{');
    }
  });

  it('names nothing in the world that the ISO lacks', () => {
    const world = textAt(guest, 'etc/apk/world').trimEnd().split('\n');
    expect(world.filter((name) => profile.release.lacks.includes(name))).toEqual([]);
    expect(world).toEqual(expect.arrayContaining(['alpine-base', 'e2fsprogs', 'openssh', 'wpa_supplicant']));
  });

  it('has no marker that would add services of its own, and no second overlay', () => {
    const paths = guest.map(({ path }) => path);
    expect(paths).not.toContain('etc/.default_boot_services');
    expect(paths.filter((path) => path.includes('.apkovl.'))).toEqual([]);
  });
});

describe('the guest', () => {
  it('links every service of ours somewhere', () => {
    const ours = tree.flatMap(({ path }) => /^etc\/init\.d\/(airhive-.*)$/.exec(path)?.[1] ?? []);
    const started = Object.keys(STOCK).flatMap((level) => linked(tree, level));
    expect(ours.filter((name) => !started.includes(name))).toEqual([]);
  });

  it('makes scripts executable and nothing else', () => {
    for (const entry of tree) {
      if (entry.type !== 'file') continue;
      const isScript = Buffer.from(entry.bytes).toString().startsWith('#!');
      expect([entry.path, entry.mode]).toEqual([entry.path, isScript ? 0o755 : 0o644]);
    }
    expect(tree).toContainEqual({ type: 'directory', path: 'root', mode: 0o700 });
  });

  it('carries no key, network or passphrase', () => {
    for (const entry of tree) {
      if (entry.type !== 'file') continue;
      const text = Buffer.from(entry.bytes).toString();
      expect(text, entry.path).not.toMatch(/PRIVATE KEY|^\s*psk=|^(ssh|ecdsa)-\S+ AAAA/m);
    }
  });

  it('lets nothing listen on the Wi-Fi side', () => {
    for (const { tree: guest, profile } of variants) {
      const listeners = textAt(guest, 'etc/ssh/sshd_config').match(/^ListenAddress .*$/gm);
      const own = [profile.network.guest, ...(profile.network.ipv6 ? [profile.network.ipv6.guest] : [])];
      expect(listeners).toEqual(own.map((address) => `ListenAddress ${address}`));
      const dns = textAt(guest, 'etc/airhive/dnsmasq.conf');
      expect(dns.match(/^(interface|listen-address)=.*$/gm)).toEqual(['interface=eth0']);
      expect(dns).toMatch(/^bind-interfaces$/m);
    }
  });

  it('has forwarding off until the firewall turns it on', () => {
    for (const { tree: guest } of variants) {
      const settings = textAt(guest, 'etc/sysctl.d/airhive.conf').match(/^[^#\n].*$/gm) ?? [];
      expect(settings).toContain('net.ipv4.ip_forward = 0');
      for (const setting of settings) expect(setting).not.toMatch(/forward(ing)? = 1/);
    }
  });

  it('has IPv6 off unless asked for', () => {
    const isOff = (name: string) =>
      textAt(guestTree(VARIANTS[name]!), 'etc/sysctl.d/airhive.conf').includes(
        '\nnet.ipv6.conf.all.disable_ipv6 = 1\n',
      );
    expect(isOff('intel8260')).toBe(true);
    expect(isOff('ipv6')).toBe(false);
  });

  it('asks for both ways of SAE only where wpa_supplicant knows them', () => {
    const config = (name: string) => textAt(guestTree(VARIANTS[name]!), 'etc/airhive/wpa_supplicant.conf');
    expect(config('intel8260')).toContain('\nsae_pwe=2\n');
    expect(config('old')).not.toContain('sae_pwe');
    expect(config('everything')).toContain('\ncountry=DE\n');
  });

  it('has nothing for multicast DNS unless the profile asks for it', () => {
    const own = guestTree(VARIANTS.mdns!).filter(({ path }) => !tree.some((other) => other.path === path));
    expect(own.map(({ path }) => path)).toEqual([
      'etc/airhive/avahi-daemon.conf',
      'etc/init.d/airhive-mdns',
      'etc/runlevels/boot/airhive-mdns',
      'usr/libexec/airhive/mdns',
    ]);
    expect(textAt(guestTree(VARIANTS.everything!), 'etc/airhive/avahi-daemon.conf')).toMatch(
      /^allow-interfaces=eth0,wlp0s5$/m,
    );
  });

  it('gives out addresses only where there are some left', () => {
    const dns = (name: string) => textAt(guestTree(VARIANTS[name]!), 'etc/airhive/dnsmasq.conf');
    expect(dns('intel8260')).toMatch(/^dhcp-range=172\.24\.1\.\d+,172\.24\.1\.\d+,12h$/m);
    expect(dns('narrow')).not.toMatch(/^dhcp/m);
  });

  it('refuses an overlay that has a link of ours as a file', () => {
    const sources = [{ path: 'etc/runlevels/boot/syslog', bytes: Buffer.alloc(0) }];
    expect(() => planGuest(VARIANTS.intel8260!, sources, '1')).toThrow(
      /two sources .*etc\/runlevels\/boot\/syslog/,
    );
  });

  it('is in the one order of all trees', () => {
    for (const { tree: guest } of variants) expect(treeOf(guest)).toEqual(guest);
  });
});

const ALL = ['alpine-base', 'dnsmasq', 'e2fsprogs', 'iptables', 'iw', 'openssh', 'wpa_supplicant'];
const without = (...lacking: string[]) => ALL.filter((name) => !lacking.includes(name));

describe('the packages', () => {
  it.each([
    ['intel8260', without('dnsmasq', 'iptables'), ['dnsmasq', 'iptables']],
    ['extended', ALL, []],
    ['old', without('dnsmasq', 'iptables', 'iw'), ['dnsmasq', 'iptables', 'iw']],
    ['ipv6', without('dnsmasq', 'iptables'), ['dnsmasq', 'ip6tables', 'iptables']],
    [
      'everything',
      without('dnsmasq', 'iptables'),
      ['avahi', 'dnsmasq', 'ip6tables', 'iptables', 'libstdc++', 'tcpdump'],
    ],
    ['mdns', without('dnsmasq', 'iptables'), ['avahi', 'dnsmasq', 'iptables']],
  ])('of %s come from the ISO as far as it has them', (name, world, fetched) => {
    expect(worldPackages(VARIANTS[name]!)).toEqual(world);
    expect(fetchedPackages(VARIANTS[name]!)).toEqual(fetched);
  });

  it('come all from the extended ISO, IPv6 included', () => {
    const profile = variant({
      alpine: { release: '3.24.1', flavor: 'extended' },
      network: { host: '172.24.1.49/24', guest: '172.24.1.1', ipv6: 'fd12::/64' },
    });
    expect(worldPackages(profile)).toEqual([...ALL, 'ip6tables'].toSorted());
    expect(fetchedPackages(profile)).toEqual([]);
  });

  it('do not come from the extended ISO either for multicast DNS', () => {
    const alpine = { release: '3.24.1', flavor: 'extended' };
    const network = { host: '172.24.1.49/24', guest: '172.24.1.1', mdns: true };
    const profile = variant({ alpine, network });
    expect(worldPackages(profile)).toEqual(ALL);
    expect(fetchedPackages(profile)).toEqual(['avahi']);
    expect(linked(guestTree(profile), 'boot')).toEqual(
      expect.arrayContaining(['airhive-mdns', 'airhive-packages']),
    );
  });

  it('of the profile are fetched in every case, once and sorted', () => {
    const alpine = { release: '3.24.1', flavor: 'extended', packages: ['tcpdump', 'bash', 'dnsmasq'] };
    expect(fetchedPackages(variant({ alpine }))).toEqual(['bash', 'dnsmasq', 'tcpdump']);
  });
});
