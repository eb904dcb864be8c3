import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { variant } from '../../fixtures/profiles.ts';
import { run } from '../../fixtures/scratch.ts';
import { Guest } from './guest.ts';

// The script alone, its tools played by others: what it asks of whom, in which order, and how long it waits in between.

export const CACHE = 'var/lib/airhive/packages';

/** Fails, as apk does, unless the file `mirror` is there; knows nothing but the names of files. */
const APK = `case " $* " in
*" info -v "*) cat "$GUEST/there" ;;
*" info "*) [ -e "$GUEST/installed" ] ;;
*" update "*)
  [ ! -e "$GUEST/wrong" ] || grep -q a.example "$GUEST/etc/hosts" ||
    { echo "WARNING: updating: DNS: transient error (try again later)" >&2; exit 1; }
  [ -e "$GUEST/mirror" ] || { echo "WARNING: updating: DNS: name does not exist" >&2; exit 1; }
  cp "$GUEST/mirror" "$6/APKINDEX.1.tar.gz" ;;
*" fetch "*)
  [ -e "$GUEST/mirror" ] || exit 1
  pool=\${10}
  shift 10
  for name; do [ -e "$GUEST/withheld-$name" ] || echo "$name" >"$pool/$name-1-r0.apk"; done ;;
*" --simulate "*) ;;
*" add "*)
  [ -e "$GUEST/uninstallable" ] || : >"$GUEST/installed"
  [ ! -e "$GUEST/complains" ] || { printf 'OK: 12 MiB\\nERROR: one-openrc: \\033[31mnot found\\n(1 error)\\n'; exit 2; } ;;
esac`;

const INDEX = `P:one
V:1-r0

P:one-openrc
V:1-r0
i:openrc one=1-r0

P:one-doc
V:1-r0
i:docs one=1-r0

P:one-of-others
V:1-r0
i:one-openrc>0

P:old
V:1-r0
i:openrc one=2-r0

`;

/** The guest's `packages`, with apk and the network played. */
export class Fetching extends Guest {
  constructor() {
    super('packages');
    this.write('usr/libexec/airhive/drawn-in.awk', textAt(guestTree(variant()), 'usr/libexec/airhive/drawn-in.awk'));
    this.write(
      'etc/airhive/airhive.conf',
      "PACKAGES='one two'\nMIRRORS='http://a.example http://b.example'\nBRANCH=v9\nREPOSITORIES=main\n",
    );
    this.write('etc/hosts', '127.0.0.1 localhost\n');
    this.write('there', 'openrc-0.63-r1\nbusybox-1.37.0-r30\n');
    this.tool('rc-service', ': >"$GUEST/started"');
    this.tool('sysctl', '[ -e "$GUEST/started" ] && echo 1 || echo 0');
    this.tool('pidof', '[ -e "$GUEST/started" ]');
    this.tool('mv', 'exec /bin/mv "$@"');
    this.tool('timeout', 'shift; exec "$@"');
    const answer = 'Server:\\t\\t9.9.9.9\\nAddress:\\t9.9.9.9:53\\n\\nName:\\t$2\\nAddress: 192.0.2.7\\n';
    this.tool('nslookup', `[ -e "$GUEST/wrong" ] && printf "${answer}"`);
    this.tool('apk', APK);
    this.write(`${CACHE}/.keep`, '');
  }

  /** A mirror that answers, with an index of this text. */
  offer(text = INDEX): void {
    this.write('APKINDEX', text);
    run('tar', ['-czf', join(this.root, 'mirror'), '-C', this.root, 'APKINDEX']);
  }

  /** A pause takes no time, and the so-many-th one is the end. */
  keep(pauses = 1): void {
    this.tool('sleep', `[ $(grep -c ^sleep "$GUEST/calls") -lt ${pauses} ] || kill $PPID`);
    this.call('keep');
  }

  get pauses(): number[] {
    return this.calls('sleep').map(Number);
  }

  get cache(): string[] {
    return readdirSync(join(this.root, CACHE)).filter((name) => name !== '.keep');
  }
}

export const leased = (): Fetching => {
  const guest = new Fetching();
  guest.write('run/airhive/lease', '');
  return guest;
};

