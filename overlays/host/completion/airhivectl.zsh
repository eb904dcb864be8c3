#compdef airhivectl
# Completion of airhivectl(8). Made from tools/manual/completion.ts by "npm run schema".
local files=
local -a found
case $words[2]:$words[3]:$words[CURRENT-1] in
  wifi:join:--eap) compadd peap ttls tls pwd; return ;;
  wifi:join:--phase2) compadd mschapv2 gtc md5 pap chap mschap; return ;;
  site:add:--mac) compadd permanent random per-network; return ;;
  site:add:--eap) compadd peap ttls tls pwd; return ;;
  site:add:--phase2) compadd mschapv2 gtc md5 pap chap mschap; return ;;
  site:mark:--mac) compadd permanent random per-network default; return ;;
  (*:*:--html|*:*:--ca|*:*:--client-cert|*:*:--client-key) _files; return ;;
  (*:*:--identity|*:*:--anonymous|*:*:--domain-suffix|*:*:--priority|*:*:--card) _message 'a value'; return ;;
esac
case $CURRENT:$words[2]:$words[3] in
  (2:*|3:help:*) found=('status:what works, and what does not' 'wifi:choose, scan, join and forget networks' 'site:networks and keys of this machine' 'native:FreeBSD'\''s own driver, and back' 'console:the guest'\''s console' 'log:an archive for a bug report' 'check:looks at this machine, changes nothing' 'install:installs airhive' 'upgrade:takes the place of an older bundle' 'rollback:goes back to the bundle before' 'remove:takes everything back' 'fetch:downloads the Alpine ISO' 'run:runs the guest in this terminal' 'kill:shuts the guest down' 'tunnel:keeps the reverse tunnel open' 'help:what a command takes') ;;
  3:wifi:*) found=('scan:the networks in reach' 'pick:shows the networks and joins one' 'status:what works, and what does not' 'join:switches to a network and keeps it' 'forget:a network that was joined once' 'watch:follows the connection') ;;
  3:site:*) found=('add:a network' 'mark:changes what a network is' 'list:what there is, without secrets' 'remove:a network' 'import:the networks of a wpa_supplicant.conf' 'authorize:public keys that may log in to the guest' 'deauthorize:a key by its fingerprint' 'init:makes what is missing') ;;
  3:native:*) found=('on:the card is for FreeBSD' 'off:the card is for the guest') ;;
  *:status:*)
    found=('--json:for programs' '--html:a page with a drawing' '--help:what it takes') ;;
  *:wifi:scan)
    found=('--json:for programs' '--help:what it takes') ;;
  *:wifi:pick)
    found=('--plain:numbered lines' '--help:what it takes') ;;
  *:wifi:status)
    found=('--json:for programs' '--help:what it takes') ;;
  *:wifi:join)
    found=('--open:it has no passphrase' '--hidden:it does not send its name' '--hex:NAME is hexadecimal digits' '--legacy:WPA of 2003 or TKIP will do' '--passphrase:asks for it anew' '--eap:the network wants to know who joins' '--identity:who joins' '--anonymous:who joins, for others to read' '--phase2:the method within the tunnel' '--ca:the CA that certifies its server' '--ca-system:any public CA' '--no-ca:any server' '--domain-suffix:the end of the name of its server' '--client-cert:the own certificate' '--client-key:the key of it' '--help:what it takes') ;;
  *:wifi:forget)
    found=('--hex:NAME is hexadecimal digits' '--help:what it takes') ;;
  *:site:add)
    found=('--open:it has no passphrase' '--hidden:it does not send its name' '--hex:NAME is hexadecimal digits' '--legacy:WPA of 2003 or TKIP will do' '--priority:the highest is tried first' '--trusted:everybody in it may reach what the profile opens' '--public:strangers are in it' '--mac:the address that the network sees' '--eap:the network wants to know who joins' '--identity:who joins' '--anonymous:who joins, for others to read' '--phase2:the method within the tunnel' '--ca:the CA that certifies its server' '--ca-system:any public CA' '--no-ca:any server' '--domain-suffix:the end of the name of its server' '--client-cert:the own certificate' '--client-key:the key of it' '--help:what it takes') ;;
  *:site:mark)
    found=('--trusted:everybody in it may reach what the profile opens' '--no-trusted:nobody in it may' '--public:strangers are in it' '--no-public:no strangers are in it' '--mac:the address that the network sees' '--hex:NAME is hexadecimal digits' '--help:what it takes') ;;
  *:site:list)
    found=('--json:for programs' '--help:what it takes') ;;
  *:site:remove)
    found=('--hex:NAME is hexadecimal digits' '--help:what it takes') ;;
  *:site:import)
    files=1
    found=('--help:what it takes') ;;
  *:site:authorize)
    files=1
    found=('--help:what it takes') ;;
  *:native:on)
    found=('--yes:does not ask' '--help:what it takes') ;;
  *:native:off)
    found=('--yes:does not ask' '--help:what it takes') ;;
  *:console:*)
    found=('--log:what it printed last' '--help:what it takes') ;;
  *:log:*)
    files=1
    found=('--names:with the names of networks' '--help:what it takes') ;;
  *:check:*)
    found=('--card:the place of the card for the guest' '--help:what it takes') ;;
  *:install:*)
    found=('--yes:does not ask' '--dry-run:shows every change and makes none' '--card:the place of the card for the guest' '--help:what it takes') ;;
  *:upgrade:*)
    found=('--yes:does not ask' '--dry-run:shows every change and makes none' '--card:the place of the card for the guest' '--help:what it takes') ;;
  *:rollback:*)
    found=('--yes:does not ask' '--dry-run:shows every change and makes none' '--card:the place of the card for the guest' '--help:what it takes') ;;
  *:remove:*)
    found=('--yes:does not ask' '--dry-run:shows every change and makes none' '--help:what it takes') ;;
  *:kill:*)
    found=('--quick:within seconds' '--help:what it takes') ;;
  *) found=('--help:what it takes') ;;
esac
[[ -z $files || $words[CURRENT] = -* ]] || { _files; return }
_describe 'airhivectl' found
