import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { ATTACHED, call, IMAGE, MOUNTED } from './fakes-bench.ts';

const IWM = '"$S/kldload" if_iwm;';
const RC = 'printf \'a="1"\\nb="x y"\\n\' >"$W/rc";';

describe('the bench is no kinder than FreeBSD', () => {
  it.each([
    // Modules and cards.
    [1, 'No such file', '"$S/kldload" if_nothing'],
    [1, 'already loaded', '"$S/kldload" nmdm'],
    [1, 'Device busy', ': >"$D/vmm/other"; "$S/kldunload" vmm'],
    [1, "can't find file", '"$S/kldunload" if_nothing'],
    [1, 'not configured', '"$S/devctl" set driver -f pci0:4:0:0: ppt'],
    [
      1,
      'Device busy',
      `${IWM} : >"$D/vmm/a"; mkdir $STATE/owned; : >$STATE/owned/pci0:4:0:0; "$S/devctl" set driver -f pci0:4:0:0 iwm`,
    ],
    [1, 'Device busy', `${IWM} "$S/devctl" set driver pci0:4:0:0 iwm`],
    [1, 'Device busy', `${IWM} echo ppt0 >$STATE/stuck; "$S/devctl" set driver -f pci0:4:0:0 iwm`],
    [1, 'not configured', `${IWM} echo iwm >$STATE/unfit; "$S/devctl" set driver -f pci0:4:0:0 iwm`],
    [1, 'No such file', '"$S/devctl" set driver -f pci0:4:0:0 iwm'],
    // Only what was set can be cleared: ppt has the card by pptdevs.
    [
      0,
      '',
      'echo vmm >$STATE/modules; "$S/devctl" clear driver -f pci0:4:0:0; grep -q ^ppt0@ $STATE/pciconf',
    ],
    [1, 'usage', '"$S/devctl" set pci0:4:0:0 ppt'],
    [1, 'usage', '"$S/acpidump"'],
    [1, 'unable to get', '"$S/kenv" pptdevs'],
    [1, 'unknown oid', 'echo kernel >$STATE/modules; "$S/sysctl" -n hw.vmm.maxcpu'],
    [1, 'read only tunable', '"$S/sysctl" hw.vmm.amdvi.enable=1'],
    // rc.conf.
    [1, 'unknown variable', `${RC} "$S/sysrc" -f "$W/rc" c`],
    [1, 'unknown variable', `${RC} "$S/sysrc" -f "$W/rc" -x c`],
    [1, 'not allowed in shell', `${RC} "$S/sysrc" -f "$W/rc" a.b=1`],
    [1, 'syntax errors', 'printf \'a="1\\n\' >"$W/rc"; "$S/sysrc" -f "$W/rc" a'],
    [1, 'syntax errors', `${RC} "$S/sysrc" -f "$W/rc" 'a=un"quoted'`],
    [1, '', `${RC} "$S/sysrc" -c -f "$W/rc" a=2`],
    [1, 'Usage', '"$S/sysrc"'],
    // The network.
    [1, 'already exists', '"$S/ifconfig" tap0 create'],
    [1, 'Invalid argument', '"$S/ifconfig" eth0 create'],
    [1, 'does not exist', '"$S/ifconfig" tap9 destroy'],
    [1, 'Device busy', 'echo "opened 1" >>$STATE/interfaces/tap0; "$S/ifconfig" tap0 destroy'],
    [1, 'No such file', '"$S/ifconfig" bridge0 addm tap9'],
    [1, 'File exists', '"$S/ifconfig" bridge0 addm tap0'],
    // An address is set last, so not at all when a word after it is refused.
    [
      0,
      'no address',
      'sed -i /inet/d $STATE/interfaces/bridge0; "$S/ifconfig" bridge0 inet 172.24.1.49/24 addm tap0 up; "$S/ifconfig" bridge0 | grep inet || echo no address',
    ],
    [
      0,
      'File exists',
      `echo 'cloned_interfaces="bridge0:sticky tap0:sticky" ifconfig_bridge0="inet 172.24.1.49/24 addm tap0"' >$ETC/rc.conf
      "$S/service" netif restart; cat $STATE/violations; ! "$S/ifconfig" bridge0 | grep inet`,
    ],
    [1, 'Device busy', '"$S/ifconfig" bridge1 create; "$S/ifconfig" bridge1 addm tap0'],
    [1, 'bad value', '"$S/ifconfig" bridge0 inet 172.24.1/24'],
    [1, 'Invalid argument', 'echo 15.0-RELEASE >$STATE/release; "$S/ifconfig" tap0 inet 10.0.0.1/24'],
    [
      1,
      'Invalid argument',
      'echo 15.0-RELEASE >$STATE/release; "$S/ifconfig" tap1 create; "$S/ifconfig" tap1 inet 10.0.0.1/24; "$S/ifconfig" bridge0 addm tap1',
    ],
    [1, 'route already in table', '"$S/route" add default 172.24.1.2'],
    [1, 'route already in table', '"$S/sysctl" net.route.multipath=1; "$S/route" add default 172.24.1.1'],
    [
      1,
      'not in table',
      '"$S/sysctl" net.route.multipath=1; "$S/route" add default 172.24.1.2 && "$S/route" delete default',
    ],
    [
      1,
      'not in table',
      '"$S/sysctl" net.route.multipath=1; "$S/route" add default 172.24.1.2 && "$S/route" change default 172.24.1.3',
    ],
    [1, 'unreachable', '"$S/route" add -net 10.0.0.0/8 192.168.77.1'],
    [1, 'not been found', ': >$STATE/routes; "$S/route" -n get default'],
    [1, 'usage', '"$S/netstat" -r -x'],
    [2, '', '"$S/ping" -c 1 -W 1000 -t 3 172.24.1.1'],
    [142, '', '"$S/ping" -c 1 -t 1 172.24.1.1'],
    [68, 'Unknown host', '"$S/ping" -c 1 guest'],
    [1, 'syntax', 'echo "name_servers=\\"a" >$ETC/resolvconf.conf; "$S/resolvconf" -u'],
    // Disks.
    [1, 'bad volume label', '"$S/newfs_msdos" -C 1m -L TWELVELETTER "$W/b.img"'],
    [1, 'bad volume label', '"$S/newfs_msdos" -C 1m -L A.B "$W/b.img"'],
    [1, 'bad create size', '"$S/newfs_msdos" -C 1x "$W/b.img"'],
    [1, 'No such file', '"$S/newfs_msdos" "$W/b.img"'],
    [1, 'No space', 'echo 100 >$STATE/free-kilobytes; "$S/newfs_msdos" -C 1m "$W/b.img"'],
    [1, 'No such file', '"$S/mdconfig" -a -t vnode -f "$W/b.img"'],
    [1, 'Invalid argument', `${IMAGE} "$S/mdconfig" -a -t vnode -f "$W/empty"`],
    [1, 'No such file', '"$S/mdconfig" -d -u 7'],
    [1, 'Device busy', `${MOUNTED} "$S/mdconfig" -d -u 0`],
    [1, 'No such file', `${ATTACHED} "$S/mount_msdosfs" "$D/md1" "$W/m"`],
    [1, 'No such file', `${ATTACHED} "$S/mount_msdosfs" "$D/md0" "$W/nowhere"`],
    [1, 'Device busy', `${MOUNTED} "$S/mount_msdosfs" "$D/md0" "$W/n"`],
    [
      1,
      'Invalid argument',
      'mkdir "$W/m"; echo no FAT >"$W/x"; "$S/mdconfig" -a -t vnode -f "$W/x"; "$S/mount_msdosfs" "$D/md0" "$W/m"',
    ],
    [
      1,
      'Read-only',
      `${IMAGE} "$S/mdconfig" -a -t vnode -o readonly -f "$W/a.img"; "$S/mount_msdosfs" "$D/md0" "$W/m"`,
    ],
    [1, 'not a file system root', `${ATTACHED} "$S/umount" "$W/m"`],
    [1, 'Device busy', `${MOUNTED} cd "$W/m"; "$S/umount" "$W/m"`],
    // Services.
    [1, 'does not exist', '"$S/service" airhive start'],
    [1, 'illegal option -- C', '"$S/daemon" -r -C 3 /bin/true'],
    [1, 'restart delay', '"$S/daemon" -R 0 /bin/true'],
    [1, 'usage', '"$S/daemon" -f'],
    [1, 'usage', '"$S/daemon" -Z /bin/true'],
    [3, 'already running', '"$S/daemon" -P "$W/pid" /bin/sleep 60; "$S/daemon" -P "$W/pid" /bin/sleep 60'],
    [64, 'priority', '"$S/logger" -p loud hello'],
    [1, 'No such file', '"$S/cu" -l "$D/nmdm9B"'],
    [1, 'No such file', '"$S/less" "$W/none.md"'],
    [1, 'No manual entry', '"$S/man" airhive'],
    [1, 'No manual entry', '"$S/man" "$W/none.8"'],
    [255, 'timed out', SSH()],
    [255, 'Host key verification', `${UP()} ${SSH()}`],
    [1, '8..63', 'echo short | "$S/wpa_passphrase" net >&2'],
    [64, 'illegal option', '"$C/cp" --reflink /dev/null "$W/x"'],
    [64, 'illegal option', '"$C/mv" -T /dev/null "$W/x"'],
    [64, 'illegal option', '"$C/readlink" -e /'],
    [1, 'bad format', '"$S/stat" -f %q /'],
    [1, 'usage', '"$S/sshd" -t'],
    [1, 'no hostkeys', 'echo 1001 >$STATE/uid; "$S/sshd" -T'],
    [1, 'usage', '"$S/date" -d yesterday'],
    [1, 'usage', '"$S/df" -h /'],
    [1, 'usage', '"$S/dmesg" -T'],
    [1, 'usage', '"$S/freebsd-version" --version'],
    [1, 'No such file', '"$S/fsync" "$W/nowhere"'],
    [1, 'usage', '"$S/id" -un root'],
    [1, 'usage', '"$S/pciconf" -l -q'],
    [1, 'Permission denied', 'echo 1001 >$STATE/uid; "$S/pciconf" -lc pci0:4:0:0'],
    [1, 'cannot find device', '"$S/pciconf" -lc pci0:9:0:0'],
    [1, 'usage', '"$S/pfctl" -s everything'],
    [1, '/dev/pf', '"$S/pfctl" -s nat'],
    [64, 'usage', '"$S/ipfw" show'],
    [71, 'Protocol not available', '"$S/ipfw" list'],
    [1, 'Error opening terminal', 'TERM=dumb "$S/bsddialog" --yesno text 0 0'],
    [255, 'unknown option', 'TERM=xterm "$S/bsddialog" --nonsense text 0 0'],
    [255, 'expected a --<dialog>', 'TERM=xterm "$S/bsddialog" text 0 0'],
    [255, 'bad number of arguments', 'TERM=xterm "$S/bsddialog" --menu text 0 0 0 tag'],
    [64, 'usage', '"$S/pkg" info'],
    [1, '', '"$S/pkg" query "%n %v" nothing'],
    [1, "stdin isn't a terminal", '"$S/stty" -g </dev/null'],
    [1, 'usage', '"$S/sync" "$W"'],
    [1, 'usage', '"$S/uname" -x'],
    [1, 'usage', '"$S/chflags" schg'],
  ])('%i %s: %s', (status, words, line) => {
    const machine = new Machine();
    const answer = call(machine, line);
    expect(answer.stderr + answer.stdout).toContain(words);
    expect(answer.status).toBe(status);
    machine.put('violations', '');
  });
});

it('every fake is called wrongly once', () => {
  // These refuse nothing: what FreeBSD itself does at boot, a pause, and ssh-keygen itself.
  const others = ['bench.sh', 'boot', 'fetch.js', 'netif', 'sleep', 'ssh-keygen'];
  const tests = ['fakes', 'fakes-system', 'fakes-violations'].map((name) =>
    readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8'),
  );
  const called = (name: string): boolean =>
    tests.some((text) => text.includes(`"$S/${name}"`) || text.includes(`"$C/${name}"`));
  const names = readdirSync(new URL('fakes', import.meta.url)).filter((name) => !others.includes(name));
  expect(names.filter((name) => !called(name))).toEqual([]);
});

/** What a careless script would call. */
function SSH(): string {
  const options = 'BatchMode StrictHostKeyChecking IdentitiesOnly'.split(' ').map((name) => `-o ${name}=yes`);
  return `"$S/ssh" -F /dev/null ${options.join(' ')} -o ConnectTimeout=5 root@172.24.1.1 true`;
}

/** A process that plays the guest. */
function UP(): string {
  return '/bin/sleep 60 >/dev/null 2>&1 & echo "$!" >$STATE/guest-is-up;';
}
