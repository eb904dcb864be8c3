import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { View } from '../../generators/plan/render.ts';
import { intel8260, render } from './bundle.ts';

const TEMPLATES = ['loader.conf', 'rc.conf', 'sysctl.conf', 'resolvconf.conf'].map(
  (name) => `snippets/${name}`,
);
const IPV6 = { host: 'fd12::2', guest: 'fd12::1', prefix: 64, subnet: 'fd12::' };

/** The lines that are not comments. */
const settings = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('the snippets', () => {
  it('set exactly this', () => {
    expect(TEMPLATES.map((path) => settings(render(path, intel8260)))).toEqual([
      [
        'vmm_load="YES"',
        'pptdevs="4/0/0"',
        'hw.vmm.amdvi.enable="1"',
        'nmdm_load="YES"',
        'if_bridge_load="YES"',
      ],
      [
        'cloned_interfaces="bridge0:sticky tap0:sticky"',
        'ifconfig_bridge0="inet 172.24.1.49/24"',
        'autobridge_interfaces="bridge0"',
        'autobridge_bridge0="tap0"',
        'ifconfig_tap0="up"',
        'defaultrouter="172.24.1.1"',
        'devmatch_blocklist="if_iwm if_iwlwifi"',
        'airhive_enable="YES"',
        'airhive_dir="/mnt/vm_bhyve/linuxguest"',
      ],
      ['net.link.tap.up_on_open=1', 'net.route.multipath=0'],
      ['[ -e /var/run/airhive/native ] || name_servers="172.24.1.1 ${name_servers}"'],
    ]);
  });

  it('add IPv6 when the profile has it', () => {
    const lines = settings(render('snippets/rc.conf', { ...intel8260, ipv6: IPV6 }));
    expect(lines).toContain('ifconfig_bridge0_ipv6="inet6 fd12::2/64"');
    expect(lines).toContain('ipv6_defaultrouter="fd12::1"');
    expect(lines).toContain('ifconfig_bridge0="inet 172.24.1.49/24"');
    expect(lines).toContain('ip6addrctl_policy="AUTO"');
  });

  it('rate the private IPv6 addresses so that programs use them, and nothing without IPv6', () => {
    const path = 'snippets/ip6addrctl.conf';
    expect(settings(render(path, intel8260))).toEqual([]);
    const table = settings(render(path, { ...intel8260, ipv6: IPV6 })).map((line) => line.split('\t'));
    for (const row of table)
      expect(row).toEqual([
        expect.stringMatching(/^[0-9a-f:.]+\/\d+$/),
        ...[/^\d+$/, /^\d+$/].map((number) => expect.stringMatching(number) as unknown),
      ]);
    const label = (prefix: string) => table.find(([found]) => found === prefix)?.[2];
    expect(label('fd12::/64')).toBe(label('::/0'));
    expect(label('::/0')).not.toBe(label('::ffff:0:0/96'));
    // The rest is the default of RFC 6724, section 2.1, to the last number.
    expect(table).toHaveLength(10);
  });

  it('give a reason above every setting', () => {
    for (const path of TEMPLATES) {
      const lines = render(path, { ...intel8260, ipv6: IPV6 }).split('\n');
      lines.forEach((line, index) => {
        const above = lines[index - 1] ?? '';
        if (/^[a-z]/.test(line)) expect(`${path}: ${above}`).toMatch(/: (#|ifconfig_|autobridge_)/);
      });
    }
  });

  it('show how to retire the native lines, but do not do it', () => {
    const text = render('snippets/rc.conf', intel8260);
    expect(text).toContain(
      '#   sysrc -x wlans_iwm0\n#   sysrc -x wlans_iwlwifi0\n#   sysrc -x ifconfig_wlan0\n',
    );
  });

  it('leave out what a card without native drivers does not need', () => {
    const text = render('snippets/rc.conf', { ...intel8260, drivers: '', retire: [] });
    expect(text).not.toContain('devmatch');
    expect(text).toContain('#   (nothing in this profile)\n');
  });

  it('never touch the firewall of the host', () => {
    for (const path of [...TEMPLATES, 'README.txt'])
      expect(render(path, intel8260)).not.toMatch(/firewall_|pf_enable|ipfilter/);
  });

  it('are text that sh and the loader can read', () => {
    for (const path of TEMPLATES) {
      const text = render(path, intel8260);
      if (path !== 'snippets/sysctl.conf' && path !== 'snippets/loader.conf')
        expect(spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
      expect(text).toMatch(/^[\n -~]*$/);
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
    }
  });
});

describe('the other templates', () => {
  const rendered = (path: string, change: View = {}): string => render(path, { ...intel8260, ...change });

  it('device.map and grub.cfg boot the ISO with a serial console', () => {
    expect(rendered('device.map')).toBe(
      '(cd0) /mnt/vm_bhyve/linuxguest/iso/alpine-standard-3.24.1-x86_64.iso\n',
    );
    expect(rendered('grub.cfg')).toContain(
      '  linux (cd0)/boot/vmlinuz-lts modules=loop,squashfs,sd-mod,usb-storage console=ttyS0,115200 panic=10\n' +
        '  initrd (cd0)/boot/initramfs-lts\n',
    );
  });

  it('README.txt goes from the ISO to the reboot, and back', () => {
    const text = rendered('README.txt');
    const commands = text
      .split('\n')
      .filter((line) => /^ {2}(\.\/|\/mnt\S+\/vm_|sha256sum|shutdown)/.test(line));
    expect(commands.map((line) => line.trim().replace(/ {2}.*/, ''))).toEqual([
      './vm_fetch',
      './vm_install check',
      './vm_install apply --dry-run',
      './vm_install apply',
      'shutdown -r now',
      './vm_wifi pick',
      './vm_wifi scan',
      './vm_wifi join NAME',
      './vm_native on',
      './vm_native off',
      './vm_site add NAME',
      './vm_site authorize FILE',
      './vm_log',
      '/mnt/vm_bhyve/linuxguest/current/vm_install rollback',
      '/mnt/vm_bhyve/linuxguest/current/vm_install remove',
      'sha256sum -c SHA256SUMS',
      './vm_site init',
      './vm_site add NAME',
      './vm_run',
    ]);
    expect(text).toContain('sha256 -q "$file"');
    expect(text).toContain('port 2210 of the guest on the Wi-Fi side');
    expect(rendered('README.txt', { reverse: null })).not.toContain('tunnel');
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it('README.txt names every command of a bundle, and the page for when one fails', () => {
    const text = rendered('README.txt');
    const commands = readdirSync(new URL('../../overlays/host', import.meta.url)).filter((name) =>
      name.startsWith('vm_'),
    );
    // vm_status and vm_console are reached through the service.
    const through = new Set(['vm_status', 'vm_console']);
    expect(commands.filter((name) => !through.has(name) && !RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
    for (const name of [
      'service airhive status',
      'service airhive console',
      'troubleshooting.md',
      'man/airhive.8',
    ])
      expect(text).toContain(name);
  });

  it('vm.conf keeps any value a single word of the shell', () => {
    const odd = `a'b "c" $HOME \`id\` \\`;
    const text = rendered('vm.conf', { isoUrlList: odd });
    const script = `${text}\nprintf '%s|%s' "$ISO_URLS" "$VM_GRACE"`;
    expect(spawnSync('sh', ['-eu', '-c', script], { encoding: 'utf8' }).stdout).toBe(`${odd}|30`);
  });
});
