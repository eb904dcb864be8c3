import { describe, expect, it } from 'vitest';
import { planOverview } from '../../generators/plan/overview.ts';
import { hostTree, page, textAt, VERSION } from '../fixtures/machines.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';
import type { ResolvedProfile } from '../../generators/profile/resolve.ts';

const SUM = 'ab'.repeat(32);

function overview(profile: ResolvedProfile, changes: object = {}): string {
  const described = {
    version: VERSION,
    host: hostTree(profile),
    lock: undefined,
    missing: { packages: [], firmware: [] },
    files: [{ path: 'disk0.img', size: 1_048_576, sha256: SUM }],
    ...changes,
  };
  return Buffer.from(planOverview(page, profile, described).bytes).toString('utf8');
}

/** The lines of settings of a snippet. */
const settingsOf = (snippet: string): string[] =>
  snippet.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const decoded = (html: string): string =>
  html.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)));

describe('overview.html', () => {
  it.each(Object.entries(VARIANTS))('has every line that will be changed, of %s', (_name, profile) => {
    const text = decoded(overview(profile)).replace(/<[^>]*>/g, '\n');
    for (const name of ['loader.conf', 'rc.conf', 'sysctl.conf', 'resolvconf.conf'])
      for (const line of settingsOf(textAt(hostTree(profile), `snippets/${name}`)))
        expect(text).toContain(`\n${line.trim()}`);
  });

  it.each(Object.entries(VARIANTS))('loads nothing and runs nothing, of %s', (_name, profile) => {
    const html = overview(profile);
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|base|form)\b/i);
    expect(html).not.toMatch(/\b(src|href|on[a-z]+)=(?!"#mark-)/i);
    expect(html).not.toMatch(/@import|url\(|@@/);
    expect(html.startsWith('<!DOCTYPE html>\n')).toBe(true);
    expect(html.endsWith('</html>\n')).toBe(true);
  });

  it('escapes the name of an access point', () => {
    const accessPoint = { ssid: `<script>"'&x</script>`, channel: 6, dns: ['192.168.7.1'] };
    const html = overview(variant({ wifi: { country: 'DE', mode: 'access-point', accessPoint } }));
    expect(html).toContain('“&#60;script&#62;&#34;&#39;&#38;x&#60;/script&#62;”');
    expect(html).toContain('clients of the access point');
  });

  it('says what is open, and that nothing is', () => {
    expect(decoded(overview(VARIANTS.forwards!))).toContain('TCP port 8080 (forward): port 80 of this host');
    expect(decoded(overview(VARIANTS.intel8260!))).toContain('TCP port 2210 (reverse tunnel)');
    expect(decoded(overview(VARIANTS.trusted!))).toContain(
      'in networks marked as trusted only: TCP port 2210',
    );
    const { network, firewall } = VARIANTS.trusted!;
    const repeats = { network: { ...network, mdns: true } };
    const mdns = 'multicast DNS, which the guest repeats, in networks not marked public';
    expect(decoded(overview({ ...VARIANTS.trusted!, ...repeats }))).toContain(
      `the guest by ping; ${mdns}; in networks marked as trusted only: TCP port 2210`,
    );
    const alone = { ...VARIANTS.unreachable!, firewall: { ...firewall, forwards: [] }, ...repeats };
    expect(decoded(overview(alone))).toMatch(new RegExp(`the guest by ping; ${mdns}<`));
    const closed = overview(VARIANTS.unreachable!);
    expect(decoded(closed)).toContain('the guest by ping; nothing of this host');
    expect(closed).not.toContain('class="in"');
  });

  it('says what the bundle lacks', () => {
    const missing = { packages: ['dnsmasq', 'iptables'], firmware: ['a.ucode'] };
    const html = overview(VARIANTS.intel8260!, { missing });
    expect(html).toContain('Packages: dnsmasq, iptables.');
    expect(html).toContain('Firmware: a.ucode.');
    expect(overview(VARIANTS.intel8260!)).not.toContain('Packages: ');
  });

  it('has packages and firmware with versions and sums', () => {
    const one = (name: string) => ({ name, version: '1.2-r3', sha256: SUM });
    const firmware = [{ ...one('linux-firmware-intel'), files: [{ path: 'a.ucode' }, { path: 'b.ucode' }] }];
    const lock = { packages: [one('dnsmasq')], firmware, absent: ['c.ucode'] };
    const html = overview(VARIANTS.intel8260!, { lock });
    const row = `<td>1.2-r3</td><td class="mono sum">${SUM}</td>`;
    expect(html).toContain(`<tr><th scope="row">dnsmasq</th>${row}</tr>`);
    expect(html).toContain(`<tr><th scope="row">linux-firmware-intel</th>${row}</tr>`);
    expect(html).toContain('Its 2 files are: <span class="mono">a.ucode, b.ucode</span>');
    expect(html).toContain('Firmware that no package of Alpine has: c.ucode.');
  });
});
