# rc-wifi.awk: awk -F '\t' -v own="wlan0 ..." -v retired="NAME ..." -v country=CC -v addresses="MAC ..." -f rc-wifi.awk
# Reads what rc-lines.awk prints. What hangs on the interfaces OWN, which go away with the settings RETIRED, as lines
# WHAT, NAME, VALUE, FILE, LINE with tabs between them:
#   port     NAME is an interface that loses VALUE      name     the setting NAME names VALUE in another way
#   ether    the interface NAME has the card's hardware address VALUE
#   address  NAME of OWN has the address VALUE without DHCP
#   country  the setting NAME says VALUE, which is not CC

BEGIN { owned = split(own, mine, " ") }

$1 != "plain" && $1 != "bound" && $1 != "computed" { next }
{ count++; file[count] = $2; line[count] = $3; name[count] = $4; value[count] = $5 }

END {
  # The ports of a lagg with one of ours often have its hardware address.
  for (i = 1; i <= count; i++)
    if (interface_of(name[i]) && has_port(value[i])) partners = partners " " ports " "
  for (i = 1; i <= count; i++) look_at(i, name[i], value[i])
}

function look_at(i, key, text,  j, which, n, words) {
  n = split(text, words, /[ \t]+/)
  which = interface_of(key)
  if (is_own(which) || key ~ /^(create_args|ipv4_addrs)_/) { look_at_own(i, key, words, n); return }
  if (which != "") {
    for (j = 1; j < n; j++)
      if (words[j] ~ /^(ether|link|lladdr)$/ && (index(partners, " " which " ") || index(addresses, " " tolower(words[j + 1]) " ")))
        tell(i, "ether", which, words[j + 1])
  }
  if (which != "" && has_port(text)) { tell(i, "port", which, port); return }
  if (key ~ /^wlans_/ || index(retired, " " key " ")) return
  for (j = 1; j <= owned; j++)
    if (("." text ".") ~ ("[^A-Za-z0-9_]" mine[j] "[^A-Za-z0-9_]") || key == "vlans_" mine[j]) { tell(i, "name", key, mine[j]); return }
}

function look_at_own(i, key, words, n,  j, which, dhcp, address) {
  which = key
  sub(/^(create_args|ipv4_addrs|ifconfig)_/, "", which)
  sub(/_.*/, "", which)
  if (!is_own(which)) return
  if (key ~ /^ipv4_addrs_/) { tell(i, "address", which, words[1]); return }
  for (j = 1; j <= n; j++) {
    if (words[j] ~ /DHCP$/) dhcp = 1
    if (words[j] == "inet" && j < n) address = words[j + 1]
    if (words[j] ~ /^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+(\/[0-9]+)?$/ && j == 1) address = words[j]
    if (words[j] == "country" && j < n && toupper(words[j + 1]) != toupper(country)) tell(i, "country", key, toupper(words[j + 1]))
  }
  if (address != "" && !dhcp) tell(i, "address", which, address)
}

function tell(i, what, who, text) { print what "\t" who "\t" text "\t" file[i] "\t" line[i] }

# Of a setting ifconfig_INTERFACE.
function interface_of(key) {
  if (key !~ /^ifconfig_/) return ""
  key = substr(key, 10)
  sub(/_(ipv6|alias[0-9]+|aliases|name|descr)$/, "", key)
  return key
}

function is_own(which,  j) {
  for (j = 1; j <= owned; j++) if (mine[j] == which) return 1
  return 0
}

# Whether one of OWN is put into a lagg or a bridge there: PORT; the others are PORTS.
function has_port(text,  n, words, j) {
  port = ports = ""
  n = split(text, words, /[ \t]+/)
  for (j = 1; j < n; j++)
    if (words[j] ~ /^(laggport|addm|vlandev)$/) {
      if (is_own(words[j + 1])) port = words[j + 1]
      else ports = ports " " words[j + 1]
    }
  return port != ""
}
