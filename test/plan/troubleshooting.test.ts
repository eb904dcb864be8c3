import { describe, expect, it } from 'vitest';
import { planTroubleshooting } from '../../generators/plan/host.ts';
import { hostSources, hostTree, textAt } from '../fixtures/machines.ts';
import { variant } from '../fixtures/profiles.ts';

const PAGE = hostSources.troubleshooting.toString();

const OTHER = variant({
  machine: { name: 'gw' },
  passthrough: [{ pci: '5/0/0', id: '168c:003e' }],
  network: { bridge: 'bridge7', tap: 'tap9', host: '10.9.8.2/29', guest: '10.9.8.1' },
  host: { directory: '/vm/wifi', freebsd: '14.3' },
});

/** What belongs to intel8260 and to no other profile. */
const ITS_OWN = /vm_bhyve|172\.24\.1|bridge0|tap0|24f3|(?<!lib\/airhive\/log\/)airhive\.log|bhyve: airhive/g;

describe('troubleshooting.md in a bundle', () => {
  it('of intel8260 is the page of docs/, byte for byte', () => {
    expect(textAt(hostTree(variant()), 'troubleshooting.md')).toBe(PAGE);
  });

  it('of another profile has its directories, addresses and names, and nothing of intel8260', () => {
    const text = textAt(hostTree(OTHER), 'troubleshooting.md');
    expect(PAGE.match(ITS_OWN)?.length).toBeGreaterThan(20);
    expect(text.match(ITS_OWN)).toBeNull();
    for (const command of [
      'cd /vm/wifi/current',
      'ping -c 3 10.9.8.1',
      'ifconfig bridge7 inet 10.9.8.2/29',
      'ifconfig tap9 up',
      'pciconf -l | grep -i device=0x003e',
      "pgrep -fx 'bhyve: gw'",
    ])
      expect(text).toContain(command);
    // The guest's own log has the same name everywhere.
    expect(text).toContain('/var/lib/airhive/log/airhive.log');
  });

  it('does not take a longer name for one of them', () => {
    const page = Buffer.from('172.24.1.10 tap01 bridge0, /mnt/vm_bhyve/linuxguest/data\n');
    const { bytes } = planTroubleshooting(page, OTHER);
    expect(Buffer.from(bytes).toString()).toBe('172.24.1.10 tap01 bridge7, /vm/wifi/data\n');
  });
});
