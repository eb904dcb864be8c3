import { describe, expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';

// A file of rc(8) with most of what a shell allows in it.
const FILE = `# a comment with 'quote
hostname="t480.example.org"   # x "y
wlans_iwm0="wlan0";
ifconfig_wlan0="WPA SYNCDHCP" cloned_interfaces="lo1"
	tabbed='a b'
ext=em0; two=3
[ -e /etc/docked ] || a1="WPA"
[ -e /etc/docked ] &&
  a2="WPA"
if [ -e x ]; then
  a3=1
else a4=2; fi
export a5=1
: \${a6=yes} ; : "\${a7:=no}"
a8="x\\"y \${ext}z" 
a9='multi
line'
a10=a\\
b
case $hostname in a|b) a11=1 ;; *) a12=2;; esac
for a13 in x y; do a14=$a13; done
f() { a15=1; }
(a16=1)
cat <<EOF >/dev/null
a17=nope
EOF
a18=\`hostname\`
a19="$(cat "/x")"
setvar a20 "foo bar"
. /etc/rc.conf.more
a21+=x
a22 = "5"
a23="$a8 more"
a24=1 & 
{ a25=1; }
a26="$(
 echo a27=1)"
eval "a28=\\$x"
unset a29
a30=ok
a31="a # b" # "c
test x && { a32=1
}
a33=\${a34:-"x y"}
while read a35; do :; done
a36="" a37
`;

/** HOW, LINE, NAME and VALUE of what it sets. */
const SET = `plain	2	hostname	t480.example.org
plain	3	wlans_iwm0	wlan0
bound	4	ifconfig_wlan0	WPA SYNCDHCP
bound	4	cloned_interfaces	lo1
plain	5	tabbed	a b
bound	6	ext	em0
bound	6	two	3
bound	7	a1	WPA
bound	9	a2	WPA
bound	11	a3	1
bound	12	a4	2
bound	13	a5	1
bound	14	a6	yes
bound	14	a7	no
plain	15	a8	x"y em0z
plain	16	a9	multi line
plain	18	a10	ab
bound	20	a11	1
bound	20	a12	2
bound	21	a13	
bound	21	a14	
bound	22	a15	1
bound	23	a16	1
bound	25	a17	
computed	27	a18	\`hostname\`
computed	28	a19	$(cat /x)
bound	29	a20	foo bar
reads	30	/etc/rc.conf.more
bound	31	a21	x
bound	32	a22	
plain	33	a23	x"y em0z more
bound	34	a24	1
bound	35	a25	1
computed	36	a26	$(  echo a27=1)
bound	38	a28	
bound	39	a29	
plain	40	a30	ok
plain	41	a31	a # b
bound	42	a32	1
plain	44	a33	\${a34:-x y}
bound	45	a35	
bound	46	a36	
`;

describe('the settings of a file of rc(8)', () => {
  it('are found by every awk, with how each is set', () => {
    const file = freshFile(FILE);
    const answer = runAwks(['rc-lines'], [], [file]);
    expect(answer.replaceAll(`\t${file}`, '')).toBe(SET);
  });

  it.each([
    ['nothing', '', ''],
    ['the last line without its end', 'a=1', 'plain\t1\ta\t1\n'],
    ['a return at the end', 'a=1\r\n', 'return\t1\nplain\t1\ta\t1 \n'],
    ['a text that goes on for ever', "a='b\nc=d\n", 'bound\t2\tc\t\n'],
    ['a tab and a newline in a value', 'a="b\tc\nd"\n', 'plain\t1\ta\tb c d\n'],
  ])('%s', (_, text, set) => {
    const file = freshFile(text);
    expect(runAwks(['rc-lines'], [], [file]).replaceAll(`\t${file}`, '')).toBe(set);
  });
});
