import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Room } from './room.ts';

// Alpine's own udhcpc, started by "dhcp" and with our lease script, against a server that sends what no server should.

const PACKETS = 10_000;
/** Questions that are answered: two for each lease. */
const LEASES = 100;

/** Written down after every call of the lease script: what the kernel and the files of the guest have. */
const SEEN = `#!/bin/sh
/usr/libexec/airhive/lease.real "$@"
[ "$1" = bound ] || exit 0
{
  echo bound
  ip -4 route show dev wlan0 | sed 's/^/route /'
  sed 's/^/resolv /' /etc/resolv.conf
  sed 's/^/lease /' /run/airhive/lease
  cat /sys/class/net/wlan0/mtu | sed 's/^/mtu /'
} >>/run/seen 2>/dev/null
`;

describe(`${String(PACKETS)} hostile DHCP packets`, () => {
  it('run nothing, make no line of their own, and take no route into the range of the host', () => {
    const room = new Room({ hostile: PACKETS / LEASES / 2 });
    room.write('usr/libexec/airhive/seen', SEEN);
    // One lease, and out: with the options that "dhcp" gives.
    room.write('usr/local/bin/udhcpc', '#!/bin/sh\nexec /sbin/udhcpc "$@" -q -n -t 4\n');
    const printed = room.run(`ip link add wlan0 type veth && ip link set veth0 name air
      ip link set wlan0 up; ip link set air up; ip addr add 10.9.9.9/32 dev air; ip route add 255.255.255.255 dev air
      mount -t sysfs sys /sys
      cd /usr/libexec/airhive; mv lease lease.real; mv seen lease; chmod 755 lease /usr/local/bin/udhcpc
      touch /etc/resolv.conf
      export PATH=/usr/local/bin:$PATH
      left=${LEASES}; while [ $left -gt 0 ]; do left=$((left - 1)); ./dhcp >/dev/null 2>&1; done
      ls /ran /*/ran /usr/libexec/airhive/ran 2>/dev/null; cp /mirror/sent /run/sent; umount /sys`);
    expect(printed.trim()).toBe('');
    expect(Number(room.read('run/sent'))).toBeGreaterThanOrEqual(PACKETS);
    const seen = readFileSync(join(room.directory, 'run/seen'), 'utf8').trim().split('\n');
    expect(seen.filter((line) => line === 'bound').length, 'leases').toBeGreaterThan(LEASES / 2);
    const sound =
      /^(bound|route (default|[\d.]+(\/\d+)?)( via [\d.]+)? dev wlan0( scope link)?( +src [\d.]+)?( onlink)?|resolv (nameserver [\d.]+|search( [\w.-]+){1,6})|lease (ip|mask|routers?|dns)=[\d. ]*|mtu \d+)\s*$/;
    expect(seen.filter((line) => !sound.test(line))).toEqual([]);
    expect(seen.filter((line) => line.includes('172.24.1.'))).toEqual([]);
    const lengths = seen.flatMap((line) => /^route [\d.]+\/(\d+)/.exec(line)?.[1] ?? []).map(Number);
    expect(lengths.filter((length) => length < 8)).toEqual([]);
    expect(lengths.length, 'routes that may be used').toBeGreaterThan(20);
    expect(room.said.filter((line) => !/^[\w ,.:;()/'"-]*$/.test(line))).toEqual([]);
  });
});
