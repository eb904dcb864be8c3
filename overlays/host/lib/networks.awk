# networks.awk: awk -v want=... -f ssid.awk -f shown.awk -f networks.awk FILE [NEW]
# What there is to do with network={...} blocks, wpa_supplicant.conf(5).
#   merge            FILE, with the blocks of NEW in the places of those of the same name, or behind them
#   drop -v hex=H    FILE without the blocks of that name; exit status 3 when there are none
#   list             one line for each block: its name, its kind of security, ...
#   names            the names, as a person would write them, in one line
# What stands outside of blocks is left out, and so is a block without an end.
#   import -v notes=FILE   the blocks that the guest can use, of anybody's FILE, and a line to notes for each, taken or not.
# The guest's wpa_supplicant refuses a whole file for one setting that it cannot read, so only what it knows gets through.
# What Alpine's build leaves out: WEP, fast roaming between access points (802.11r), some kinds of EAP.

want == "import" { import_line(); next }

{ line = stripped($0) }

line == "network={" { inside = 1; body = ""; name = ""; split("", set); next }

inside && line == "}" {
  inside = 0
  keep(FILENAME == ARGV[1] ? 1 : 2)
}

inside {
  body = body $0 "\n"
  set[substr(line, 1, index(line, "=") - 1)] = substr(line, index(line, "=") + 1)
  if (line ~ /^ssid=/) name = ssid_of(substr(line, 6))
}

# One block has been read. The same name again (the guest uses the first only) keeps its place, too.
function keep(file) {
  if (file == 2 && name in place) { block[place[name]] = body; return }
  block[++count] = body
  of[count] = name
  kind[count] = security(set) more(set)
  # 32 plain bytes and two quotes: one that has to be spelled out does not push the others away.
  if (width_of(shown(name)) > width && width_of(shown(name)) <= 34) width = width_of(shown(name))
  if (!(name in place)) place[name] = count
}

function more(set) {
  return (set["scan_ssid"] == "1" ? ", hidden" : "") (set["priority"] != "" ? ", priority " set["priority"] : "") \
    (set["disabled"] == "1" ? ", disabled" : "")
}

END {
  if (want == "import") end_import()
  for (i = 1; i <= count; i++) {
    if (want == "list") print "  " padded(shown(of[i]), width) "  " kind[i] (shown(of[i]) ~ /\\/ ? "  (--hex " of[i] ")" : "")
    if (want == "names") printf "%s%s", (i == 1 ? "" : ", "), shown(of[i])
    if (want == "drop" && of[i] == hex) { dropped = 1; continue }
    if (want == "merge" || want == "drop") printf "%snetwork={\n%s}\n", (printed++ ? "\n" : ""), block[i]
  }
  if (want == "drop" && !dropped) exit 3
}

# --- How wpa_supplicant reads a line, and what a block comes to -----------------------------------------------------

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

# --- import ---------------------------------------------------------------------------------------------------------

BEGIN {
  if (want == "import") know_settings()
}

function know_settings() {
  define("number", "scan_ssid priority disabled ieee80211w proactive_key_caching eap_workaround eapol_flags ocsp")
  define("number", "fragment_size wpa_ptk_rekey owe_group owe_only mac_addr disable_ht disable_vht")
  define("text", "sae_password sae_password_id id_str bgscan identity anonymous_identity password phase1 phase2")
  define("text", "subject_match subject_match2 altsubject_match altsubject_match2 domain_match domain_match2")
  define("text", "domain_suffix_match domain_suffix_match2 openssl_ciphers private_key_passwd private_key2_passwd")
  define("numbers", "scan_freq freq_list")
  define("file", "ca_cert ca_cert2 ca_path ca_path2 client_cert client_cert2 private_key private_key2")
  define("file", "dh_file dh_file2 pac_file")
  define("words", "key_mgmt proto pairwise group group_mgmt auth_alg eap")
  define("own", "ssid psk bssid mode")
  known["key_mgmt"] = " NONE WPA-PSK WPA-EAP IEEE8021X WPA-PSK-SHA256 WPA-EAP-SHA256 SAE OWE WPA-EAP-SUITE-B " \
    "WPA-EAP-SUITE-B-192 "
  known["proto"] = " WPA RSN WPA2 "
  known["pairwise"] = " CCMP TKIP CCMP-256 GCMP GCMP-256 NONE "
  known["group"] = " CCMP TKIP CCMP-256 GCMP GCMP-256 "
  known["group_mgmt"] = " AES-128-CMAC BIP-GMAC-128 BIP-GMAC-256 BIP-CMAC-256 "
  known["auth_alg"] = " OPEN SHARED LEAP "
  known["eap"] = " MD5 MSCHAPV2 OTP GTC TLS PEAP TTLS FAST PWD LEAP PSK PAX SIM AKA AKA' "
}

function define(kind, names,   list, i, n) {
  n = split(names, list, " ")
  for (i = 1; i <= n; i++) form[list[i]] = kind
}

# Without the bytes of a secret in it: what is said ends up on screens and in logs.
function note(line, text) { printf "line %d: %s\n", line, text >notes }

function import_line() {
  line = stripped($0)
  if (line == "" || line ~ /^[#]/) return
  if (line ~ /^network[ \t]*=/) {
    if (inside) note(start, "the network that begins here has no end: left out")
    if (line == "network={") begin_block()
    else { inside = 0; note(NR, "a network begins with \"network={\" and nothing else on the line: left out") }
  }
  # What belongs to no network, such as the lines in the blocks of other things.
  else if (!inside) return
  else if (line == "}") { end_block(); inside = 0 }
  else if (length($0) > 500) refuse("this line is too long")
  else if (read_otherwise($0)) refuse("with its quotes and # this can be read in two ways; give it to vm_site add")
  else if (!match(line, /^[a-z0-9_]+=/)) refuse("this is not a setting")
  else take(substr(line, 1, RLENGTH - 1), substr(line, RLENGTH + 1))
}

function end_import() { if (inside) note(start, "the network that begins here has no end: left out") }

function begin_block() {
  inside = 1; start = NR; body = ""; name = ""; refused = ""
  split("", set)
}

# Only the first thing that is wrong with a block is told.
function refuse(why) { if (refused == "") { refused = why; refused_at = NR } }

function take(key, value,   kind) {
  kind = form[key]
  if (key ~ /^wep_/) refuse("WEP, which the guest does not speak and nobody should")
  else if (kind == "") refuse("the guest does not know the setting " key)
  else if (kind == "number" && value !~ /^-?[0-9]+$/) refuse(key " has to be a number")
  else if (kind == "numbers" && value !~ /^[0-9 ]+$/) refuse(key " has to be numbers")
  else if (kind == "text" && !is_text(value)) refuse(key " has to be in quotes")
  else if (kind == "file" && !is_sum(value)) refuse(key " names a file, and the guest has no such file" advice(key))
  else if (kind == "words") { value = words(key, value); if (value == "") return }
  else if (kind == "own" && !own(key, value)) return
  set[key] = value
  body = body "\t" key "=" value "\n"
}

function is_text(value) { return value ~ /^P?".*"$/ || value ~ /^([0-9a-fA-F][0-9a-fA-F])+$/ || value ~ /^hash:[0-9a-fA-F]+$/ }

function is_sum(value) { return value ~ /^"hash:\/\/server\/sha256\/[0-9a-fA-F]+"$/ }

function advice(key) { return key ~ /^ca_cert/ ? " (\"hash://server/sha256/...\" needs none)" : "" }

# The words of a list that the guest knows. Without WEP and fast roaming the rest of a list still does its work.
function words(key, value,   list, i, n, out) {
  n = split(value, list, " ")
  for (i = 1; i <= n; i++) if (index(known[key], " " list[i] " ")) out = out (out == "" ? "" : " ") list[i]
  if (out == "" && key ~ /^(key_mgmt|eap|proto)$/) refuse("the guest knows nothing of what " key " allows")
  return out
}

function own(key, value) {
  if (key == "ssid") {
    name = ssid_of(value)
    if (name !~ /^([0-9a-f][0-9a-f])+$/ || length(name) > 64) refuse("the name has to be in quotes, 1 to 32 bytes long")
  }
  if (key == "psk" && !is_key(value)) refuse("psk has to be 8 to 63 characters in quotes, or 64 hexadecimal digits")
  if (key == "bssid" && value !~ /^[0-9a-fA-F:]+$/) refuse("bssid has to be an address")
  if (key == "mode" && value != "0") refuse("this makes a network of its own; the guest only joins networks")
  return key != "mode"
}

function is_key(value) {
  if (value ~ /^".*"$/) return length(value) >= 10 && length(value) <= 65 && value !~ /[^ -~]/
  return length(value) == 64 && value !~ /[^0-9a-fA-F]/
}

function end_block(   who) {
  who = name == "" ? "" : shown(name) ": "
  if (refused != "") { note(refused_at, who refused ": left out"); return }
  if (name == "") { note(start, "a network without a name (any open one): left out"); return }
  if (name in seen) { note(start, who "duplicate; the first one counts"); return }
  seen[name] = 1
  note(start, who "taken (" security(set) ")")
  printf "%snetwork={\n%s}\n", (printed++ ? "\n" : ""), body
}
