import { describe, expect, it } from 'vitest';
import { VARIANTS } from '../fixtures/profiles.ts';
import { Room } from './room.ts';

// The reflector's service with Alpine's own busybox, and a real avahi-daemon. Its supervisor is a loop here.

const MDNS = `# Alpine's busybox names the other end itself.
ip link add wlan0 type veth && ip link set wlan0 up && ip addr add 10.77.0.9/24 dev wlan0
apk add --quiet --no-network --repository /mirror/v3.24/main avahi
cat >/run/supervise <<'END'
while :; do /usr/libexec/airhive/mdns; sleep 0.1; done
END
running() { pidof avahi-daemon >/dev/null; }
# becomes WORD: "on" or "off", within a minute.
becomes() {
  for _ in $(seq 600); do
    if running; then state=on; else state=off; fi
    [ $state != $1 ] || { echo $1; return; }
    sleep 0.1
  done
  echo "still $state"
}
marked() { echo "$1" >/run/airhive/marks; /usr/libexec/airhive/mdns changed; }
sh /run/supervise & supervisor=$!
`;

function after(room: Room, ...steps: readonly string[]): string[] {
  const printed = room.run(`${MDNS}${steps.join('\n')}\nkill $supervisor; killall -q avahi-daemon mdns`);
  return (
    printed
      .split('\n')
      .map((line) => line.trim())
      // The shell may tell of the loop that it was told to end.
      .filter((line) => line !== '' && line !== 'Terminated')
  );
}

describe('the mDNS reflector', () => {
  it('runs in a network that is not marked public, and in no other', () => {
    const room = new Room({ profile: VARIANTS.mdns! });
    const printed = after(
      room,
      // There is no event that it would be over; a start takes a moment.
      'sleep 1; becomes off',
      "marked ''; becomes on",
      'marked public; becomes off; sleep 1; becomes off',
      'marked trusted; becomes on',
      "marked 'trusted public'; becomes off",
      "marked ''; becomes on",
      'rm /run/airhive/marks; /usr/libexec/airhive/mdns changed; becomes off',
    );
    expect(printed).toEqual(['off', 'on', 'off', 'off', 'on', 'off', 'on', 'off']);
    expect(room.said.filter((line) => line.includes('mDNS'))).toEqual([]);
  });

  it('is another one after each change of network, and starts whatever one that was killed has left', () => {
    const room = new Room({ profile: VARIANTS.mdns! });
    const printed = after(
      room,
      "marked ''; becomes on",
      "first=$(pidof avahi-daemon); marked ''; for pid in $first; do while [ -e /proc/$pid ]; do sleep 0.1; done; done",
      'becomes on',
      // It has run for longer than a start takes, else its end is told.
      'rm -f /run/airhive/mdns.starting',
      'kill $supervisor; killall -9 avahi-daemon; becomes off; echo 1 >/run/avahi-daemon/pid',
      'sh /run/supervise & supervisor=$!; becomes on',
    );
    expect(printed).toEqual(['on', 'on', 'off', 'on']);
    expect(room.said.filter((line) => line.includes('mDNS'))).toEqual([]);
  });

  it('says why it does not run, and takes that back', () => {
    const room = new Room({ profile: VARIANTS.mdns! });
    const printed = after(
      room,
      "echo nonsense >>/etc/airhive/avahi-daemon.conf; marked ''",
      'wait_for "devices of the Wi-Fi are not found by mDNS"',
      "sed -i '/^nonsense/d' /etc/airhive/avahi-daemon.conf; becomes on",
      'for _ in $(seq 600); do [ -e /run/airhive/said/mdns ] || { echo silent; break; }; sleep 0.1; done',
    );
    expect(printed).toEqual(['on', 'silent']);
    expect(room.said.filter((line) => line.includes('mDNS'))).toEqual([
      expect.stringMatching(
        /^devices of the Wi-Fi are not found by mDNS: avahi-daemon ends \(.*nonsense.*\)$/,
      ),
    ]);
  });
});
