# ssid.awk: what the other programs share: names of networks, which are bytes and not text, and the lines of
# wpa_supplicant.conf(5). A name goes about as hexadecimal digits. To be run with LC_ALL=C.

BEGIN {
  for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
}

# The name in a setting ssid=VALUE, from "text", P"printf escapes" or digits.
function ssid_of(value,   text) {
  if (match(value, /^P?".*"$/)) {
    text = substr(value, index(value, "\"") + 1)
    text = substr(text, 1, length(text) - 1)
    return value ~ /^P/ ? unescaped(text) : hex_of(text)
  }
  return tolower(value)
}

function hex_of(text,   i, out) {
  out = ""
  for (i = 1; i <= length(text); i++) out = out sprintf("%02x", code[substr(text, i, 1)])
  return out
}

# As digits, since what is escaped may be a byte that awk cannot keep in a string.
function unescaped(text,   i, c, out) {
  out = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "\\") {
      c = substr(text, ++i, 1)
      if (c == "n") { out = out "0a"; continue }
      if (c == "r") { out = out "0d"; continue }
      if (c == "t") { out = out "09"; continue }
      if (c == "e") { out = out "1b"; continue }
      if (c == "x") { out = out tolower(substr(text, i + 1, 2)); i += 2; continue }
    }
    out = out hex_of(c)
  }
  return out
}

# The byte that two digits stand for.
function byte(pair) {
  return (index("0123456789abcdef", substr(pair, 1, 1)) - 1) * 16 + index("0123456789abcdef", substr(pair, 2, 1)) - 1
}

# The name for a terminal, where its bytes could be orders: whatever is not plain is spelled out.
function shown(hex,   i, n, out) {
  out = ""
  for (i = 1; i < length(hex); i += 2) {
    n = byte(substr(hex, i, 2))
    if (n == 34 || n == 92) out = out sprintf("\\%c", n)
    else if (n >= 32 && n < 127) out = out sprintf("%c", n)
    else out = out "\\x" substr(hex, i, 2)
  }
  return "\"" out "\""
}

# The name as a setting: in quotes when every byte is plain, else in digits; strings in quotes know no escapes.
function setting(hex,   text) {
  text = shown(hex)
  return text ~ /\\/ ? hex : text
}

# A line as wpa_supplicant reads it from 2.10 on: a remark begins at a # that is not in quotes.
function stripped(line,   i, c, quoted) {
  quoted = 0
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
