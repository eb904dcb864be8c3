# scan.awk: awk -v json=... -f ssid.awk -f scan.awk FILE
# The answer of the guest's "wifi-control scan" as a table for a terminal, or as JSON: one line for each name and kind of
# security, with the strongest of its access points; the strongest first.

BEGIN { FS = "\t" }

/^known /   { split($0, word, " "); known[word[2]] = word[3]; next }
/^current / { split($0, word, " "); current = word[2]; next }

# bss BSSID, frequency, signal, flags, name
/^bss / {
  hex = ssid_of("P\"" $5 "\"")
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

# Four for -55 dBm and better, none below -85.
function bars(dbm) {
  return (dbm >= -85 ? "#" : ".") (dbm >= -75 ? "#" : ".") (dbm >= -67 ? "#" : ".") (dbm >= -55 ? "#" : ".")
}

# Channel and band (IEEE 802.11-2020, annex E).
function channel(mhz) {
  if (mhz == 2484) return 14
  if (mhz < 2484) return (mhz - 2407) / 5
  if (mhz < 5950) return (mhz - 5000) / 5
  return (mhz - 5950) / 5
}

function band(mhz) { return mhz < 3000 ? "2.4 GHz" : mhz < 5950 ? "5 GHz" : "6 GHz" }

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

function table(   i, key, width) {
  width = 4
  for (i = 1; i <= count; i++) if (length(shown(name_of(keys[i]))) > width) width = length(shown(name_of(keys[i])))
  printf "  %-" width "s  %-12s  %-13s  %s\n", "name", "signal", "channel", "security"
  for (i = 1; i <= count; i++) {
    key = keys[i]
    printf "%s %-" width "s  [%s] %d dBm  %3d, %-8s  %s\n", mark(name_of(key)), shown(name_of(key)), bars(signal[key]), \
      signal[key], channel(frequency[key]), band(frequency[key]), security_of(key)
  }
  if (hidden) printf "and %d that do not tell their names\n", hidden
}

function document(   i, key, hex) {
  printf "{\n  \"format\": 1,\n  \"networks\": ["
  for (i = 1; i <= count; i++) {
    key = keys[i]
    hex = name_of(key)
    printf "%s\n    { \"name\": %s, \"hex\": \"%s\", \"bssid\": \"%s\"", (i > 1 ? "," : ""), \
      (setting(hex) ~ /^"/ ? shown(hex) : "null"), hex, bssid[key]
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
