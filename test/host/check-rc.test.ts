import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { all, conf, write } from './changes.ts';
import { type Case, expectFinding } from './check-bench.ts';
import { laptop } from './installing.ts';

// rc.conf is a shell script, and vm_install changes lines of it.

const NATIVE = ['hostname="t480.example.org"', 'wlans_iwm0="wlan0"', 'ifconfig_wlan0="WPA SYNCDHCP"'];

const refused = (name: string, line: number, names: string, ...lines: string[]): Case => [
  name,
  conf(...lines),
  4,
  'error',
  `etc/rc.conf line ${line} sets ${names} together with something else`,
];

const bound: readonly Case[] = [
  refused(
    'two settings on a line',
    3,
    'ifconfig_wlan0 and cloned_interfaces',
    ...NATIVE.slice(0, 2),
    'ifconfig_wlan0="WPA SYNCDHCP" cloned_interfaces="lo1"',
  ),
  refused('two with a semicolon', 2, 'wlans_iwm0', NATIVE[0]!, 'wlans_iwm0="wlan0"; sshd_enable="YES"'),
  refused('two with tabs', 2, 'wlans_iwm0', NATIVE[0]!, '\twlans_iwm0=wlan0\t\tsshd_enable=YES'),
  refused('behind "or"', 1, 'ifconfig_wlan0', '[ -e /etc/docked ] || ifconfig_wlan0="WPA SYNCDHCP"'),
  refused('behind "and"', 1, 'cloned_interfaces', '[ -e /etc/docked ] && cloned_interfaces="lo1"'),
  refused(
    'behind "and", on the next line',
    2,
    'cloned_interfaces',
    '[ -e /x ] &&',
    '  cloned_interfaces="lo1"',
  ),
  refused(
    'behind "and", with a backslash',
    2,
    'cloned_interfaces',
    '[ -e /x ] && \\',
    'cloned_interfaces="lo1"',
  ),
  refused('in an if', 2, 'wlans_iwm0', 'if [ -e /etc/at-home ]; then', '  wlans_iwm0="wlan0"', 'fi'),
  refused('in an else', 4, 'defaultrouter', 'if true', 'then :', 'else', 'defaultrouter=10.0.0.1', 'fi'),
  refused('in a case', 2, 'kld_list', 'case $(hostname) in', '  t480) kld_list="if_iwm" ;;', 'esac'),
  refused('in a function', 1, 'ifconfig_wlan0', 'wifi() { ifconfig_wlan0="WPA"; }', 'wifi'),
  refused('in a loop', 1, 'ifconfig_wlan0', 'for i in 1; do ifconfig_wlan0="WPA"; done'),
  refused('exported', 1, 'ifconfig_wlan0', 'export ifconfig_wlan0="WPA"'),
  refused('as a default', 1, 'ifconfig_wlan0', ': ${ifconfig_wlan0="WPA SYNCDHCP"}'),
  refused('as a default, quoted', 1, 'kld_list', ': "${kld_list:=if_iwm i915kms}"'),
  refused('as a default inside of another', 1, 'kld_list', 'modules="${kld_list:=if_iwm}"'),
  refused('by setvar', 1, 'wlans_iwm0', 'setvar wlans_iwm0 wlan0'),
  refused('by eval', 1, 'wlans_iwm0', 'eval "wlans_iwm0=$card"'),
  refused('added to', 2, 'kld_list', 'x=1', 'kld_list+=" if_iwm"'),
  refused('by a command', 1, 'cloned_interfaces', 'cloned_interfaces="$(cat /etc/clones)"'),
  refused('by a command in backquotes', 1, 'cloned_interfaces', 'cloned_interfaces=`cat /etc/clones`'),
  refused('with blanks around the sign', 1, 'ifconfig_wlan0', 'ifconfig_wlan0 = "WPA"'),
  refused('with a command behind it', 1, 'ifconfig_wlan0', 'ifconfig_wlan0="WPA"; echo hello >/dev/null'),
  refused('in a text', 3, 'kld_list', 'motd="hello', 'you', 'kld_list=none"'),
  refused('in a here-document', 2, 'defaultrouter', 'cat >/dev/null <<-"EOF"', '\tdefaultrouter=', '\tEOF'),
  refused('taken back', 2, 'wlans_iwm0', NATIVE[1]!, 'unset wlans_iwm0'),
];

const broken: readonly Case[] = [
  [
    'a quote too many',
    conf(NATIVE[0]!, 'dbus_enable\'"YES"', ...NATIVE.slice(1)),
    4,
    'error',
    'etc/rc.conf has a syntax error',
  ],
  ['an if without an end', conf(...NATIVE, 'if true; then'), 4, 'error', 'etc/rc.conf has a syntax error'],
  [
    'in rc.conf.local',
    write('etc/rc.conf.local', 'a="b\n'),
    4,
    'error',
    'etc/rc.conf.local has a syntax error',
  ],
  [
    'a UTF-8 mark',
    conf(`\u{feff}${NATIVE[0]}`, ...NATIVE.slice(1)),
    4,
    'error',
    'begins with a UTF-8 mark (BOM)',
  ],
  [
    'the line ends of Windows',
    conf(...NATIVE.map((line) => `${line}\r`)),
    4,
    'error',
    'has the line ends of Windows (line 1)',
  ],
  [
    'a file that rc.conf reads',
    all(write('etc/more', 'sshd_enable="NO"\nexport cloned_interfaces="lo9"\n'), (machine) =>
      conf(...NATIVE, `. ${machine.etc}/more`)(machine),
    ),
    4,
    'error',
    'cloned_interfaces is set in',
  ],
  [
    'a default in rc.conf.local',
    write('etc/rc.conf.local', ': ${defaultrouter:=10.0.0.1}\n'),
    4,
    'error',
    'defaultrouter is set in',
  ],
];

/** Lines that are no obstacle. */
const HARMLESS = [
  '\twlans_iwm0=wlan0',
  "ifconfig_wlan0='WPA SYNCDHCP' # roams",
  'cloned_interfaces="lo1";',
  'cloned_interfaces="$cloned_interfaces lo2"',
  'kld_list="i915kms \\',
  '  acpi_ibm"',
  'hostname="a"; sshd_enable="YES"',
  '[ -e /etc/docked ] && ifconfig_em1="DHCP"',
  'if [ -n "$cloned_interfaces" ]; then echo "${kld_list:-none} defaultrouter=" >/dev/null; fi',
  'cat >/dev/null <<EOF',
  'sshd_enable="not a setting"; \'',
  'EOF',
];

describe('vm_install check, of rc.conf,', () => {
  it.each(bound)('refuses a setting %s', expectFinding);
  it.each(broken)('tells %s', expectFinding);

  it('takes everything that can be changed without harm to the rest', async () => {
    const machine = laptop();
    conf(...HARMLESS)(machine);
    const before = readFileSync(join(machine.etc, 'rc.conf'), 'utf8');
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code, ended.said).toBe(0);
    const after = readFileSync(join(machine.etc, 'rc.conf'), 'utf8');
    for (const line of HARMLESS.slice(6)) expect(after).toContain(`${line}\n`);
    expect(machine.play('sysrc', '-n', 'cloned_interfaces')).toBe('lo1 lo2 bridge0:sticky tap0:sticky\n');
    expect((await machine.call('vm_install', 'remove', '--yes')).code).toBe(0);
    expect(readFileSync(join(machine.etc, 'rc.conf'), 'utf8')).toBe(before);
  });

  it.each([bound[0]!, bound[7]!, broken[0]!])(
    'apply says the same, and changes nothing: %s',
    async (_, change, code, __, words) => {
      const machine = laptop();
      change(machine);
      const before = readFileSync(join(machine.etc, 'rc.conf'), 'utf8');
      const ended = await machine.call('vm_install', 'apply', '--yes');
      expect(ended.code).toBe(code);
      expect(ended.said).toContain(words);
      expect(readFileSync(join(machine.etc, 'rc.conf'), 'utf8')).toBe(before);
    },
  );
});
