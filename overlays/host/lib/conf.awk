# conf.awk: how wpa_supplicant reads a line of its file, wpa_supplicant.conf(5), and what a block of it comes to.

# A line as wpa_supplicant reads it from 2.10 on: a comment begins at a # that is not in quotes.
function stripped(line,   i, c, quoted) {
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (c == "\"") quoted = !quoted
    if (c == "#" && !quoted) { line = substr(line, 1, i - 1); break }
  }
  sub(/^[ \t\r]+/, "", line)
  sub(/[ \t\r]+$/, "", line)
  return line
}

# Older ones take what lies between the first and the last quote of a line for quoted, whatever is in it.
function read_otherwise(line,   from, rest, to) {
  from = index(line, "\"")
  if (!from || !index(line, "#")) return 0
  rest = line
  to = 0
  while (index(rest, "\"")) { to += index(rest, "\""); rest = substr(rest, index(rest, "\"") + 1) }
  if (to == from) return 1
  rest = index(substr(line, to + 1), "#")
  if (rest) line = substr(line, 1, to + rest - 1)
  sub(/^[ \t\r]+/, "", line)
  sub(/[ \t\r]+$/, "", line)
  return line != stripped(line)
}

# What the settings of a block (the array) come to, in words.
function security(set,   keys) {
  keys = " " ("key_mgmt" in set ? set["key_mgmt"] : "WPA-PSK WPA-EAP") " "
  if (keys ~ / NONE /) return "wep_key0" in set ? "WEP" : "open"
  if (keys ~ / OWE /) return "open, encrypted (OWE)"
  if (("eap" in set) || ("identity" in set)) return "Enterprise (802.1X)"
  if (keys ~ /SAE/ && keys !~ /WPA-PSK/) return "WPA3, passphrase"
  if (keys ~ /SAE/) return "WPA2 or WPA3, passphrase"
  if (("psk" in set) && set["psk"] !~ /^"/) return "WPA2, raw key"
  if ("psk" in set) return "WPA2, passphrase"
  return "unknown security"
}
