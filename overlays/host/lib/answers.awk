# answers.awk: awk -v want=facts|scan|pick|watch [-v json=...] [-v width=...] -f ssid.awk -f shown.awk -f answers.awk FILE
# What the guest answers, without anything that a terminal would obey: it may be somebody else's by now.
#   facts  of itself, as lines for vm_status. wpa_supplicant escapes the names of networks in what it prints; the one in use
#          becomes hexadecimal digits, and those in sentences are shown as far as they may be
#   scan   "wifi-control scan" as a table for a terminal, or as JSON: one line for each name and kind of security, with the
#          strongest of its access points; the strongest first
#   pick   the same as lines for lib/pick, tabs between: the name in digits, its security, known or no, and what a person is
#          shown; on a narrow terminal in two parts
#   watch  the lines of "wifi-control follow", one line for each change; on a terminal, which has a width, each is written
#          over the one before

BEGIN {
  HEX = "[0-9a-f][0-9a-f]"
  BSS = "^bss " HEX ":" HEX ":" HEX ":" HEX ":" HEX ":" HEX "\t[0-9]+\t-?[0-9]+\t"
  if (want != "facts") FS = "\t"
}

want == "facts" { if (NR > 100) exit; print_fact(); next }
want == "watch" { print_change(); next }

# Not more than wpa_supplicant keeps by far, no line longer than its longest, and nothing that is not as it writes it.
lines++ >= 2000 || length($0) > 1000 { next }

/^known [0-9a-f]+ (site|learnt)$/ { split($0, word, " "); if (is_name(word[2])) known[word[2]] = word[3]; next }
/^current [0-9a-f]+$/ { split($0, word, " "); if (is_name(word[2])) current = word[2]; next }

# bss BSSID, frequency, signal, flags, name
$0 ~ BSS && count < 500 {
  if (length($2) > 5 || length($3) > 5) next
  hex = ssid_of("P\"" $5 "\"")
  if (!is_name(hex)) next
  if (hex ~ /^(00)*$/) { hidden++; next }
  key = hex " " words($4)
  if (!(key in signal)) keys[++count] = key
  if (!(key in signal) || $3 + 0 > signal[key]) {
    signal[key] = $3 + 0
    frequency[key] = $2 + 0
    bssid[key] = substr($1, 5)
  }
}

END {
  if (want != "scan" && want != "pick") exit
  sort_keys()
  if (want == "pick") choices()
  else if (json != "") document()
  else if (count + hidden == 0) print "no network is in reach"
  else table()
}

# --- facts ----------------------------------------------------------------------------------------------------------

function print_fact(   hex) {
  gsub(/[^ -~]/, "")
  # An address of a page is long, and of no use when it is cut.
  $0 = substr($0, 1, /^portal / ? 600 : 300)
  if (/^wpa ssid=/) {
    hex = ssid_of("P\"" substr($0, 10) "\"")
    if (is_name(hex)) print "ssid " hex
  } else print (/^said(-[a-z]+)? / ? said($0) : $0)
}

# --- scan -----------------------------------------------------------------------------------------------------------

# The flags of wpa_cli's scan_results: "[WPA2-PSK+SAE-CCMP][ESS]".
function words(flags,   psk, sae) {
  if (flags ~ /EAP/) return "Enterprise"
  sae = flags ~ /SAE/
  psk = flags ~ /(RSN|WPA2)-[^]]*PSK/
  if (sae) return psk ? "WPA2/WPA3" : "WPA3"
  if (psk) return "WPA2"
  if (flags ~ /WPA-[^]]*PSK/) return "WPA (old)"
  if (flags ~ /OWE/) return "open, encrypted"
  if (flags ~ /WEP/) return "WEP (unsafe)"
  return "open"
}

function name_of(key) { return substr(key, 1, index(key, " ") - 1) }

function security_of(key) { return substr(key, index(key, " ") + 1) }

function mark(hex) { return hex == current ? "*" : ((hex in known) ? "+" : " ") }

# By signal, then by name: the order must not depend on the order of the guest's answer.
function sort_keys(   i, j, key) {
  for (i = 2; i <= count; i++) {
    key = keys[i]
    for (j = i - 1; j > 0 && later(keys[j], key); j--) keys[j + 1] = keys[j]
    keys[j + 1] = key
  }
}

function later(a, b) { return signal[a] != signal[b] ? signal[a] < signal[b] : a > b }

# width: the columns of the terminal, 0 when it is none.
function table(   i, names, kinds, room) {
  names = length("name")
  kinds = length("security")
  for (i = 1; i <= count; i++) {
    if (width_of(shown(name_of(keys[i]))) > names) names = width_of(shown(name_of(keys[i])))
    if (length(security_of(keys[i])) > kinds) kinds = length(security_of(keys[i]))
  }
  # Mark, signal, channel and the gaps between them take 36 columns.
  room = width ? width - 36 - kinds : names
  if (room < 10 && room < names) narrow_table()
  else wide_table(room < names ? room : names)
  if (hidden) printf "and %d that %s\n", hidden, (hidden == 1 ? "does not tell its name" : "do not tell their names")
}

# A name that is longer than there is room has a line of its own.
function wide_table(room,   i, key, name) {
  printf "  %s  %-15s  %-13s  %s\n", padded("name", room), "signal", "channel", "security"
  for (i = 1; i <= count; i++) {
    key = keys[i]
    name = shown(name_of(key))
    if (width_of(name) > room) { print mark(name_of(key)) " " name; name = "" }
    else name = mark(name_of(key)) " " name
    printf "%s  %-15s  %3d, %-8s  %s\n", padded(name, room + 2), strength(signal[key]), channel(frequency[key]), \
      band(frequency[key]), security_of(key)
  }
}

function narrow_table(   i, key) {
  for (i = 1; i <= count; i++) {
    key = keys[i]
    print mark(name_of(key)) " " shown(name_of(key))
    printf "  [%s] %d dBm  %d, %s  %s\n", bars(signal[key]), signal[key], channel(frequency[key]), band(frequency[key]), security_of(key)
  }
}

# A frame, the number and the rest of a line take 46 columns; what has to be cut ends with two dots.
function choices(   i, hex, kind, room, name, names) {
  names = 10
  room = width < 60 ? width - 9 : width - 46
  for (i = 1; i <= count; i++) if (width_of(shown(name_of(keys[i]))) > names) names = width_of(shown(name_of(keys[i])))
  if (names > room || width < 60) names = room
  for (i = 1; i <= count; i++) {
    hex = name_of(keys[i])
    kind = security_of(keys[i])
    name = shown(hex)
    if (width_of(name) > names) name = cut(name, names - 2) ".."
    printf "%s\t%s\t%s\t%s ", hex, kind, ((hex in known) ? known[hex] : "no"), mark(hex)
    if (width < 60) printf "%s\t[%s] %s\n", name, bars(signal[keys[i]]), kind
    else printf "%s  [%s]  %s\n", padded(name, names), bars(signal[keys[i]]), kind
  }
}

function document(   i, key, hex) {
  printf "{\n  \"format\": 1,\n  \"networks\": ["
  for (i = 1; i <= count; i++) {
    key = keys[i]
    hex = name_of(key)
    printf "%s\n    { \"name\": %s, \"hex\": \"%s\", \"bssid\": \"%s\"", (i > 1 ? "," : ""), \
      json_of(hex), hex, bssid[key]
    printf ", \"signal_dbm\": %d, \"frequency_mhz\": %d, \"security\": \"%s\"", signal[key], frequency[key], \
      security_of(key)
    printf ", \"known\": %s, \"present\": %s }", ((hex in known) ? "\"" known[hex] "\"" : "null"), \
      (hex == current ? "true" : "false")
  }
  printf "%s]\n}\n", (count ? "\n  " : "")
}

# --- watch ----------------------------------------------------------------------------------------------------------

function print_change(   i, at, line) {
  # Nothing that a terminal would obey.
  $0 = substr($0, 1, 1000)
  gsub(/[^\t -~]/, "")
  split("", is)
  for (i = 1; i <= NF; i++) if (at = index($i, "=")) is[substr($i, 1, at - 1)] = substr($i, at + 1)
  line = is["wpa_state"] == "COMPLETED" ? connected() : "not connected" (is["said"] == "" ? "" : ": " said(is["said"]))
  if (width) line = cut(line, width - 1)
  if (line == before) return
  before = line
  # What the line before had more is blanked; the last column would begin a new line.
  printf "%s%s", (width ? padded(line, width - 1) : line), (width ? "\r" : "\n")
  fflush()
}

# What changes most often has the same place in every line, and what may be long comes last.
function connected() {
  return (is["RSSI"] == "" ? "" : strength(is["RSSI"] + 0) "  ") (is["ip"] == "" ? "no address yet" : is["ip"]) \
    "  " shown(ssid_of("P\"" is["ssid"] "\"")) (is["freq"] == "" ? "" : "  " channel(is["freq"] + 0) ", " band(is["freq"] + 0))
}

# --- How strong a network is, and where in the air ------------------------------------------------------------------

# Four for -55 dBm and better, none below -85.
function bars(dbm) {
  return (dbm >= -85 ? "#" : ".") (dbm >= -75 ? "#" : ".") (dbm >= -67 ? "#" : ".") (dbm >= -55 ? "#" : ".")
}

function strength(dbm) { return sprintf("[%s] %4d dBm", bars(dbm), dbm) }

# Channel and band (IEEE 802.11-2020, annex E).
function channel(mhz) {
  if (mhz == 2484) return 14
  if (mhz < 2484) return (mhz - 2407) / 5
  if (mhz == 5935) return 2
  if (mhz < 5925) return (mhz - 5000) / 5
  return (mhz - 5950) / 5
}

function band(mhz) { return mhz < 3000 ? "2.4 GHz" : mhz < 5925 ? "5 GHz" : "6 GHz" }
