# scan.awk: awk -v json=... -v width=... -f ssid.awk -f signal.awk -f scan.awk FILE
# The answer of the guest's "wifi-control scan" as a table for a terminal, or as JSON: one line for each name and kind of
# security, with the strongest of its access points; the strongest first.

BEGIN {
  FS = "\t"
  HEX = "[0-9a-f][0-9a-f]"
  BSS = "^bss " HEX ":" HEX ":" HEX ":" HEX ":" HEX ":" HEX "\t[0-9]+\t-?[0-9]+\t"
}

# Not more than wpa_supplicant keeps by far, no line longer than its longest, and nothing that is not as it writes it: the
# guest may be somebody else's by now.
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

END {
  sort_keys()
  if (json != "") document()
  else if (count + hidden == 0) print "no network is in reach"
  else table()
}
