# Completion of airhivectl(8). Made from tools/manual/completion.ts by "npm run schema".
_airhivectl() {
  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= files=
  COMPREPLY=()
  case ${COMP_WORDS[1]}:${COMP_WORDS[2]}:$before in
    wifi:join:--eap) words='peap ttls tls pwd' ;;
    wifi:join:--phase2) words='mschapv2 gtc md5 pap chap mschap' ;;
    site:add:--mac) words='permanent random per-network' ;;
    site:add:--eap) words='peap ttls tls pwd' ;;
    site:add:--phase2) words='mschapv2 gtc md5 pap chap mschap' ;;
    site:mark:--mac) words='permanent random per-network default' ;;
    *:*:--html | *:*:--ca | *:*:--client-cert | *:*:--client-key) files=1 ;;
    *:*:--identity | *:*:--anonymous | *:*:--domain-suffix | *:*:--priority | *:*:--card) return ;;
  esac
  [ -n "$words$files" ] || case $COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]} in
    1:* | 2:help:*) words='status wifi site native console log check install upgrade rollback remove fetch run kill tunnel help' ;;
    2:wifi:*) words='scan pick status join forget watch' ;;
    2:site:*) words='add mark list remove import authorize deauthorize init' ;;
    2:native:*) words='on off' ;;
    *:status:*) words='--json --html --help' ;;
    *:wifi:scan) words='--json --help' ;;
    *:wifi:pick) words='--plain --help' ;;
    *:wifi:status) words='--json --help' ;;
    *:wifi:join) words='--open --hidden --hex --legacy --passphrase --eap --identity --anonymous --phase2 --ca --ca-system --no-ca --domain-suffix --client-cert --client-key --help' ;;
    *:wifi:forget) words='--hex --help' ;;
    *:site:add) words='--open --hidden --hex --legacy --priority --trusted --public --mac --eap --identity --anonymous --phase2 --ca --ca-system --no-ca --domain-suffix --client-cert --client-key --help' ;;
    *:site:mark) words='--trusted --no-trusted --public --no-public --mac --hex --help' ;;
    *:site:list) words='--json --help' ;;
    *:site:remove) words='--hex --help' ;;
    *:site:import) words='--help' files=1 ;;
    *:site:authorize) words='--help' files=1 ;;
    *:native:on) words='--yes --help' ;;
    *:native:off) words='--yes --help' ;;
    *:console:*) words='--log --help' ;;
    *:log:*) words='--names --help' files=1 ;;
    *:check:*) words='--card --help' ;;
    *:install:*) words='--yes --dry-run --card --help' ;;
    *:upgrade:*) words='--yes --dry-run --card --help' ;;
    *:rollback:*) words='--yes --dry-run --card --help' ;;
    *:remove:*) words='--yes --dry-run --help' ;;
    *:kill:*) words='--quick --help' ;;
    *) words=--help ;;
  esac
  if [ -n "$files" ] && [[ $cur != -* ]]; then
    compopt -o default 2>/dev/null
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _airhivectl airhivectl
