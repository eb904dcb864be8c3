# networks.awk: awk -v want=... -f ssid.awk -f shown.awk -f networks.awk FILE [NEW]
# What there is to do with network={...} blocks, wpa_supplicant.conf(5).
#   merge            FILE, with the blocks of NEW in place of those of the same name, or behind them; one name may have several
#   merge -v stays=NOTES   the same for blocks of an import: what the owner has said of a network stays, a line to NOTES each
#   drop -v hex=H    FILE without the blocks of that name; exit status 3 when there are none
#   mark -v hex=H -v trusted=yes|no -v public=yes|no -v mac=0|1|3|default   FILE with other marks on the blocks of that name;
#                    what is empty stays; exit status 3 when there are none
#   list             one line for each block: its name, its kind of security, ...
#   json             the same for programs: one object of JSON for each block, commas between
#   unproven -v hex=H   "yes" when a network of that name is trusted, and anybody can be it
#   kept -v hex=H    what the owner has said of the first network of that name, in one line: trusted, public, mac=N, legacy;
#                    "unproven" behind it when it is trusted all the same
#   needs            the certificates and keys of the site disk that they name, one in a line: FILE and the name of the network,
#                    a tab between
#   names            the names, as a person would write them, in one line
# What stands outside of blocks is left out, and so is a block without an end.
#   import -v notes=FILE   the blocks that the guest can use, of anybody's FILE, and a line to notes for each, taken or not.
# The guest's wpa_supplicant refuses a whole file for one setting that it cannot read, so only what it knows gets through;
# what is left out is told. Values are read as wpa_supplicant 2.10 reads them.
# What Alpine's build leaves out: WEP, fast roaming between access points (802.11r), some kinds of EAP.
#   import -v files=FILE   what has become of the files that it names: lines "KIND PATH NAME", or "-REASON" for the NAME, tabs between
#   files                  the files that the blocks name: lines "KIND PATH", a tab between; KIND is ca, client or key
#   blob -v blob=NAME      the bytes of blob-base64-NAME={...}, as \ooo for the format of printf(1)

want == "import" || want == "files" { import_line(); next }
want == "blob" { blob_line(); next }

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

# One block has been read.
function keep(file,   key) {
  block[++count] = body
  of[count] = name
  from[count] = file
  if (file == 2) renewed[name] = 1
  kind[count] = security(set) more(set) marks_shown(set)
  marks[count] = marks_in(set["id_str"])
  address_of_block[count] = set["mac_addr"] ~ /^[0-3]$/ ? set["mac_addr"] : ""
  provable[count] = security(set) !~ /^open/ && !lacks_ca(set)
  object[count] = object_of(set)
  unproven[count] = marks[count] ~ / trusted/ && (security(set) ~ /^open/ || lacks_ca(set))
  owned[count] = marks[count] (set["mac_addr"] ~ /^[0-3]$/ ? " mac=" set["mac_addr"] : "") \
    (is_legacy(set) && security(set) !~ /^WPA3/ ? " legacy" : "") (unproven[count] ? " unproven" : "")
  for (key in set) if (set[key] ~ PLACE) needs[count] = needs[count] " " substr(set[key], 20, length(set[key]) - 20)
  # 32 plain bytes and two quotes: one that has to be spelled out does not push the others away.
  if (width_of(shown(name)) > width && width_of(shown(name)) <= 34) width = width_of(shown(name))
}

function more(set) {
  return (set["scan_ssid"] == "1" ? ", hidden" : "") (set["priority"] != "" ? ", priority " set["priority"] : "") \
    (set["disabled"] == "1" ? ", disabled" : "") (set["bssid"] ~ /^[0-9a-fA-F:]+$/ ? ", only " set["bssid"] : "")
}

# Never a secret. ca_check is null where there is no server to be checked; mac is null where the profile decides.
function object_of(set) {
  return "{\"ssid\": " json_of(name) ", \"ssid_hex\": \"" name "\", \"security\": " json_of(hex_of(security(set))) \
    ", \"ca_check\": " (!is_enterprise(set) || set["eap"] == "PWD" ? "null" : truth(!lacks_ca(set))) \
    ", \"trusted\": " truth(marks[count] ~ / trusted/) ", \"public\": " truth(marks[count] ~ / public/) \
    ", \"legacy\": " truth(is_legacy(set)) \
    ", \"mac\": " (set["mac_addr"] ~ /^[0-3]$/ ? "\"" mac_name[set["mac_addr"]] "\"" : "null") \
    ", \"hidden\": " truth(set["scan_ssid"] == "1") ", \"disabled\": " truth(set["disabled"] == "1") \
    ", \"priority\": " (set["priority"] ~ /^[1-9][0-9]*$/ ? set["priority"] : 0) "}"
}

function truth(value) { return value ? "true" : "false" }

# --- Marks: what a network is to its owner --------------------------------------------------------------------------

# " trusted", " public" or both, as vm_site writes them; any other id_str is somebody's own note.
function marks_in(value) {
  if (value !~ /^"(trusted|public|trusted public)"$/) return ""
  return " " substr(value, 2, length(value) - 2)
}

function marks_shown(set,   text) {
  text = marks_in(set["id_str"])
  gsub(/ /, ", ", text)
  if (set["mac_addr"] ~ /^[0-3]$/) text = text ", MAC " mac_name[set["mac_addr"]]
  return text (is_legacy(set) ? ", legacy" : "")
}

BEGIN { PLACE = "^\"/run/airhive/site/[a-z0-9.-]+\"$" }
BEGIN { split("random,random of the same maker,per-network", mac_name, ","); mac_name[0] = "permanent" }

# Whether a passphrase network takes WPA of 2003 and TKIP as well, which wpa_supplicant does unless it is told.
function is_legacy(set) {
  if (!("psk" in set) || is_enterprise(set)) return 0
  return set["proto"] !~ /^(RSN|WPA2)$/ || set["pairwise"] ~ /^$|TKIP/ || set["group"] ~ /^$|TKIP/
}

# The block with its marks as they are wanted now, behind all else.
function remarked(i,   list, n, k, key, out, id, address) {
  out = id = address = ""
  n = split(block[i], list, "\n")
  for (k = 1; k < n; k++) {
    key = stripped(list[k])
    if (key ~ /^id_str=/) id = id list[k] "\n"
    else if (key ~ /^mac_(addr|value)=/) address = address list[k] "\n"
    else out = out list[k] "\n"
  }
  if (trusted public != "") id = id_line(chosen(trusted, marks[i], "trusted") chosen(public, marks[i], "public"))
  if (mac != "") address = mac == "default" ? "" : "\tmac_addr=" mac "\n"
  return out id address
}

function chosen(wanted, now, word) {
  return wanted == "yes" || (wanted == "" && index(now " ", " " word " ")) ? " " word : ""
}

function id_line(text) { return text == "" ? "" : "\tid_str=\"" substr(text, 2) "\"\n" }

END {
  if (want == "import") end_import()
  for (i = 1; i <= count; i++) {
    if (want == "list") print "  " padded(shown(of[i]), width) "  " kind[i] (shown(of[i]) ~ /\\/ ? "  (--hex " of[i] ")" : "")
    if (want == "json") printf "%s    %s", (i == 1 ? "" : ",\n"), object[i]
    if (want == "names" && !(of[i] in named)) { printf "%s%s", (i == 1 ? "" : ", "), shown(of[i]); named[of[i]] = 1 }
    if (want == "drop" && of[i] == hex) { found = 1; continue }
    if (want == "drop") put_block(i)
    if (want == "mark" && of[i] == hex) { found = 1; block[i] = remarked(i) }
    if (want == "mark") put_block(i)
    if (want == "unproven" && of[i] == hex && unproven[i] && !found++) print "yes"
    if (want == "kept" && of[i] == hex) { if (owned[i] != "") print substr(owned[i], 2); break }
    if (want == "needs") { n = split(needs[i], list, " "); for (k = 1; k <= n; k++) print list[k] "\t" shown(of[i]) }
    if (want == "merge") merge_block(i)
  }
  if ((want == "drop" || want == "mark") && !found) exit 3
  if (want == "list") for (i = 1; i <= count; i++) if (kind[i] ~ /CA NOT CHECKED/)
    print "  WARNING: " shown(of[i]) " does not check its server: whoever sends this name gets the password"
}

function put_block(i) { printf "%snetwork={\n%s}\n", (printed++ ? "\n" : ""), block[i] }

# All of a name that is new stand where the first of that name was, so that the same file again changes nothing.
function merge_block(i,   k) {
  if (!(of[i] in renewed)) { put_block(i); return }
  if (of[i] in merged) return
  merged[of[i]] = 1
  if (stays != "") keep_marks(i)
  for (k = i; k <= count; k++) if (of[k] == of[i] && from[k] == 2) { if (stays != "") block[k] = remarked(k); put_block(k) }
}

# As "vm_site add" does of a known name. An import has no marks of its own.
function keep_marks(i,   k, proves, text) {
  proves = 1
  for (k = i; k <= count; k++) if (of[k] == of[i] && from[k] == 2) {
    proves = proves && provable[k]
    if (address_of_block[k] != "") mac_is_new = 1
  }
  trusted = marks[i] ~ / trusted/ && (proves || unproven[i]) ? "yes" : ""
  public = marks[i] ~ / public/ ? "yes" : ""
  mac = mac_is_new ? "" : address_of_block[i]
  mac_is_new = 0
  text = (trusted != "" ? ", trusted" : "") (public != "" ? ", public" : "") (mac != "" ? ", MAC " mac_name[mac] : "")
  if (text != "") print shown(of[i]) " stays " substr(text, 3) ", as it was; vm_site mark changes that" >stays
  if (marks[i] ~ / trusted/ && trusted == "")
    print shown(of[i]) " is not trusted any more: whoever sends that name could be it (vm_site mark NAME --trusted)" >stays
}

# --- How wpa_supplicant reads a line, and what a block comes to -----------------------------------------------------

# A line as wpa_supplicant reads it from 2.10 on: a comment begins at a # that is not in quotes, or behind a quote without an end.
function stripped(line,   from, mark, quote, last) {
  mark = index(line, "#")
  from = 1
  while (mark) {
    quote = next_of(line, "\"", from)
    if (!quote || quote > mark) break
    last = next_of(line, "\"", quote + 1)
    if (!last) break
    from = last + 1
    if (from > mark) mark = next_of(line, "#", from)
  }
  if (mark) line = substr(line, 1, mark - 1)
  sub(/^[ \t\r]+/, "", line)
  sub(/[ \t\r]+$/, "", line)
  return line
}

# Where the sign stands, from there on; 0 when it does not.
function next_of(line, sign, from,   at) {
  at = index(substr(line, from), sign)
  return at ? from + at - 1 : 0
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
  if (is_enterprise(set)) return enterprise(set)
  if (keys ~ /SAE/ && keys !~ /WPA-PSK/) return "WPA3, passphrase"
  if (keys ~ /SAE/) return "WPA2 or WPA3, passphrase"
  if (("psk" in set) && set["psk"] !~ /^"/) return "WPA2, raw key"
  if ("psk" in set) return "WPA2, passphrase"
  return "unknown security"
}

function is_enterprise(set) {
  if ("key_mgmt" in set) return set["key_mgmt"] ~ /EAP|8021X/
  return !("psk" in set) && (("eap" in set) || ("identity" in set))
}

# Without one, whoever sends the name of the network gets the password. EAP-PWD proves by the password that it is known.
function lacks_ca(set) {
  return is_enterprise(set) && set["eap"] != "PWD" && set["ca_cert"] == ""
}

# A public certificate is not hard to get, so only the name in it tells the server.
function lacks_server_name(set) {
  return set["ca_cert"] == SYSTEM_CA && set["domain_suffix_match"] set["domain_match"] set["altsubject_match"] set["subject_match"] == ""
}

function enterprise(set,   methods) {
  methods = set["eap"]
  gsub(/ /, ", ", methods)
  return "Enterprise (" (methods == "" ? "802.1X" : methods) ")" \
    (lacks_ca(set) ? ", CA NOT CHECKED" : lacks_server_name(set) ? ", any public CA" : set["eap"] == "PWD" ? "" : ", CA checked")
}

# --- import ---------------------------------------------------------------------------------------------------------

BEGIN {
  # Alpine's, from the package ca-certificates-bundle, which apk needs itself.
  SYSTEM_CA = "\"/etc/ssl/cert.pem\""
  # No value is one of these: none has an end of a line in it.
  WRONG = "\n"
  NOTHING = "\n\n"
  ADDRESS = "[0-9a-fA-F][0-9a-fA-F]"
  ADDRESS = ADDRESS ":" ADDRESS ":" ADDRESS ":" ADDRESS ":" ADDRESS ":" ADDRESS
  MASKED = "^" ADDRESS "/" ADDRESS "$"
  ADDRESS = "^" ADDRESS "$"
  if (want == "import" || want == "files") know_settings()
  if (want == "import" && files != "") learn_files()
  BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
}

function know_settings() {
  define("number", "scan_ssid:1 priority disabled:2 ieee80211w:2 proactive_key_caching:1 eap_workaround eapol_flags")
  define("number", "ocsp fragment_size wpa_ptk_rekey owe_group:65535 owe_only:1 mac_addr:2 disable_ht:1 disable_vht:1")
  define("text", "sae_password sae_password_id id_str bgscan identity anonymous_identity password phase1 phase2")
  define("text", "subject_match subject_match2 altsubject_match altsubject_match2 domain_match domain_match2")
  define("text", "domain_suffix_match domain_suffix_match2 openssl_ciphers private_key_passwd private_key2_passwd")
  define("numbers", "scan_freq freq_list")
  define("file", "ca_cert ca_cert2 ca_path ca_path2 client_cert client_cert2 private_key private_key2")
  # Only a server needs the one, and only EAP-FAST the other.
  define("spare", "dh_file dh_file2 pac_file")
  holds["ca_cert"] = holds["ca_cert2"] = "ca"
  holds["client_cert"] = holds["client_cert2"] = "client"
  holds["private_key"] = holds["private_key2"] = "key"
  define("words", "key_mgmt proto pairwise group group_mgmt auth_alg eap")
  define("address", "bssid bssid_hint")
  define("addresses", "bssid_blacklist bssid_whitelist")
  define("own", "ssid psk mode")
  # The names from 2.10 on, which 2.9 does not know; all know the others.
  older["bssid_ignore"] = "bssid_blacklist"
  older["bssid_accept"] = "bssid_whitelist"
  known["key_mgmt"] = " NONE WPA-PSK WPA-EAP IEEE8021X WPA-PSK-SHA256 WPA-EAP-SHA256 SAE OWE WPA-EAP-SUITE-B " \
    "WPA-EAP-SUITE-B-192 "
  known["proto"] = " WPA RSN WPA2 "
  known["pairwise"] = " CCMP TKIP CCMP-256 GCMP GCMP-256 NONE "
  known["group"] = " CCMP TKIP CCMP-256 GCMP GCMP-256 "
  known["group_mgmt"] = " AES-128-CMAC BIP-GMAC-128 BIP-GMAC-256 BIP-CMAC-256 "
  known["auth_alg"] = " OPEN SHARED LEAP "
  known["eap"] = " MD5 MSCHAPV2 OTP GTC TLS PEAP TTLS FAST PWD LEAP PSK PAX SIM AKA AKA' "
}

function define(kind, names,   list, i, n, part) {
  n = split(names, list, " ")
  for (i = 1; i <= n; i++) {
    split(list[i], part, ":")
    form[part[1]] = kind
    largest[part[1]] = part[2]
  }
}

# Without the bytes of a secret in it: what is said ends up on screens and in logs.
function note(line, text) { if (want == "import") printf "line %d: %s\n", line, text >notes }

function import_line() {
  # The mark of UTF-8 that some editors put in front of a file.
  if (NR == 1 && hex_of(substr($0, 1, 3)) == "efbbbf") $0 = substr($0, 4)
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
  else if (length($0) > 1990) refuse("this line is too long")
  else if (!match(line, /^[A-Za-z0-9_]+=/)) refuse("this is not a setting")
  else take(substr(line, 1, RLENGTH - 1), substr(line, RLENGTH + 1), read_otherwise($0))
}

function end_import() { if (inside) note(start, "the network that begins here has no end: left out") }

function begin_block() {
  inside = 1; start = NR; body = ""; name = ""; refused = ""; asides = 0
  split("", set)
  split("", spare)
}

# Only the first thing that is wrong with a block is told.
function refuse(why) { if (refused == "") { refused = why; refused_at = NR } }

# What is told of a network that is taken.
function aside(text) { aside_at[++asides] = NR; aside_text[asides] = text }

function leave_out(key, why) { aside("without " key ", " why) }

function take(key, value, doubtful,   kind) {
  if (key in older) key = older[key]
  kind = form[key]
  if (key ~ /^wep_/) { refuse("WEP, which the guest does not speak and nobody should"); return }
  if (kind == "") { leave_out(key, "a setting that the guest does not know"); return }
  if (kind == "spare") { if (value !~ /^(""|NULL)?$/) spare[key] = NR; return }
  # What FreeBSD and the guest of wifibox call the certificates of all public CAs.
  if (value ~ /^"(\/etc\/ssl|\/usr\/local\/etc\/ssl|\/usr\/local\/openssl)\/cert[.]pem"$/ ||
    value ~ /^"(\/usr\/local\/share\/certs\/ca-root-nss[.]crt|\/etc\/ssl\/certs\/ca-certificates[.]crt|\/etc\/ssl\/certs\/?)"$/) {
    if (sub(/^ca_path/, "ca_cert", key) || key ~ /^ca_cert/) value = SYSTEM_CA
  }
  if (key == "id_str" && marks_in(value) != "") { leave_out(key, "since that is for vm_site mark to say"); return }
  value = as_read(kind, key, value)
  if (value == WRONG) { refuse(wrong(kind, key) (doubtful ? doubt(key) : "")); return }
  if (doubtful) aside("what comes behind the # is taken for a comment" doubt(key))
  if (value == NOTHING) return
  set[key] = value
  body = body "\t" key "=" value "\n"
}

# Older ones read on to the last quote of the line.
function doubt(key) {
  return "; if it belongs to the value" (key == "psk" ? ", give this network to vm_site add" : \
    ", write that as hexadecimal digits without quotes")
}

# The value as it is to be written; WRONG when wpa_supplicant does not read it, NOTHING when it says nothing.
function as_read(kind, key, value) {
  # What wpa_supplicant has without this setting; only then it takes a 3.
  if (key == "ieee80211w" && value == "3") return NOTHING
  if (kind == "number") return number_of(key, value)
  if (kind == "numbers") return numbers_of(key, value)
  if (kind == "text") return is_text(key, value) ? value : WRONG
  if (kind == "file" && value ~ /^(""|NULL)?$/) return NOTHING
  if (kind == "file") return is_sum(value) || (value == SYSTEM_CA && key ~ /^ca_cert/) ? value : file_of(key, value)
  if (kind == "words") return words(key, value)
  if (kind == "address") return address_of(value)
  if (kind == "addresses") return value == "" ? NOTHING : are_addresses(value) ? value : WRONG
  if (key == "ssid") return name_of(value)
  if (key == "psk") return key_of(value)
  # It makes no network of its own, which is what the guest does anyway.
  return number_of(key, value) == "0" ? NOTHING : WRONG
}

function wrong(kind, key) {
  if (key == "ssid") return "the name has to be in quotes, 1 to 32 bytes long"
  if (key == "psk") return "psk has to be 8 to 63 bytes in quotes, without control characters, or 64 hexadecimal digits"
  if (key == "mode") return "this makes a network of its own; the guest only joins networks"
  if (kind == "file") return key " names " (file_problem != "" ? file_problem : "a file that cannot be taken along") advice(key)
  if (kind == "words") return "the guest knows nothing of what " key " allows"
  if (kind == "address" || kind == "addresses") return key " has to be an address, such as 02:00:00:00:00:01"
  if (kind == "number") return key " has to be a number" (largest[key] == "" ? "" : ", at most " largest[key])
  return key " has to be in quotes, or hexadecimal digits"
}

# As strtol(3) reads it, with 0 in front of octal and 0x in front of hexadecimal digits.
function number_of(key, value,   sign, n, i) {
  sub(/^[ \t]+/, "", value)
  sign = value ~ /^-/ ? -1 : 1
  if (value ~ /^[-+][0-9]/) value = substr(value, 2)
  if (value ~ /^0[xX][0-9a-fA-F]+$/) n = value_of(tolower(substr(value, 3)))
  else if (value ~ /^0[0-7]*$/) { n = 0; for (i = 2; i <= length(value); i++) n = n * 8 + substr(value, i, 1) }
  else if (value == "" || value ~ /^[1-9][0-9]*$/) n = value + 0
  else return WRONG
  n = n ? sign * n : 0
  return n > 2147483647 || n < -2147483647 || (largest[key] != "" && n > largest[key] + 0) ? WRONG : n ""
}

# Up to the first that is none.
function numbers_of(key, value,   list, i, n, out) {
  n = split(value, list, " ")
  for (i = 1; i <= n && list[i] ~ /^[1-9][0-9]*$/; i++) out = out (out == "" ? "" : " ") list[i]
  if (i <= n) leave_out(key (out == "" ? "" : " from word " i " on"), "which has to be numbers")
  return out == "" ? NOTHING : out
}

function is_text(key, value) {
  if (key == "password" && value ~ /^hash:/) return length(value) == 37 && substr(value, 6) !~ /[^0-9a-fA-F]/
  return value == "NULL" || value ~ /^P?".*"$/ || (value !~ /[^0-9a-fA-F]/ && length(value) % 2 == 0)
}

function learn_files(   line, part) {
  while ((getline line <files) > 0) {
    split(line, part, "\t")
    became[part[1], part[2]] = part[3]
  }
  close(files)
}

# What the guest has instead of a file of this machine.
function file_of(key, value,   path, name) {
  file_problem = ""
  if (!(key in holds) || value !~ /^".+"$/) return WRONG
  path = substr(value, 2, length(value) - 2)
  if (want == "files") { if (path !~ /\t/) asked[++ask_count] = holds[key] "\t" path; return NOTHING }
  name = became[holds[key], path]
  if (name ~ /^-/) { file_problem = substr(name, 2); return WRONG }
  return name == "" ? WRONG : "\"/run/airhive/site/" name "\""
}

# In base64 (RFC 4648) each character is six bits.
function blob_line(   i, at) {
  line = stripped($0)
  if (line == "blob-base64-" blob "={") { inside = 1; return }
  if (line == "}") inside = 0
  if (!inside) return
  for (i = 1; i <= length(line); i++) {
    at = index(BASE64, substr(line, i, 1))
    if (!at) continue
    bits = bits * 64 + at - 1
    held += 6
    if (held < 8) continue
    held -= 8
    printf "\\%03o", int(bits / 2 ^ held)
    bits = bits % (2 ^ held)
    if (++written % 64 == 0) printf "\n"
  }
}

function is_sum(value) { return value ~ /^"hash:\/\/server\/sha256\/[0-9a-fA-F]+"$/ }

function advice(key) { return key ~ /^ca_cert/ ? " (\"hash://server/sha256/...\" needs none)" : "" }

# The words of a list that the guest knows. Without WEP and fast roaming the rest of a list still does its work.
function words(key, value,   list, i, n, out, lost) {
  n = split(value, list, /[ \t]+/)
  for (i = 1; i <= n; i++) {
    if (index(known[key], " " list[i] " ")) out = out (out == "" ? "" : " ") list[i]
    else if (list[i] ~ /^[A-Z0-9-]+$/) lost = lost " " list[i]
  }
  # Not even a method that the guest lacks is allowed.
  if (key == "eap" && value == "") return value
  if (out == "" && key !~ /^(group|group_mgmt)$/) return WRONG
  if (lost != "") leave_out(key lost, "which the guest does not speak")
  return out == "" ? NOTHING : out
}

function address_of(value) {
  if (value == "" || value == "any" || value == "\"\"") return NOTHING
  return substr(value, 1, 17) ~ ADDRESS ? substr(value, 1, 17) : WRONG
}

function are_addresses(value,   list, i, n) {
  n = split(value, list, " ")
  for (i = 1; i <= n; i++) if (list[i] !~ ADDRESS && list[i] !~ MASKED) return 0
  return n > 0
}

function name_of(value,   hex) {
  hex = ssid_of(value)
  if (hex == "" || !is_name(hex)) return WRONG
  name = hex
  return value
}

# What comes behind the last quote of a passphrase is not read.
function key_of(value) {
  if (value ~ /^".*"/) {
    sub(/"[^"]*$/, "\"", value)
    return length(value) >= 10 && length(value) <= 65 && value !~ /[\001-\037\177]/ ? value : WRONG
  }
  return length(value) == 64 && value !~ /[^0-9a-fA-F]/ ? value : WRONG
}

function end_block(   who, i) {
  if (want == "files") { for (i = 1; i <= ask_count; i++) print asked[i]; ask_count = 0; return }
  who = name == "" ? "" : shown(name) ": "
  for (i in spare) {
    if (i == "pac_file" && set["eap"] == "FAST") refuse("EAP-FAST without its pac_file, which cannot be taken along")
    else { aside("without " i ", a file that this network does without"); aside_at[asides] = spare[i] }
  }
  if (refused != "") { note(refused_at, who refused ": left out"); return }
  if (name == "") { note(start, "a network without a name (any open one): left out"); return }
  if ((name, body) in seen) { note(start, who "duplicate of the one in line " seen[name, body]); return }
  seen[name, body] = start
  note(start, who "taken (" security(set) ")")
  if (lacks_ca(set)) note(start, who "no CA certificate, so whoever sends this name gets the password; add ca_cert")
  if (lacks_server_name(set)) note(start, who "any server with a public certificate is believed; add domain_suffix_match")
  for (i = 1; i <= asides; i++) note(aside_at[i], who aside_text[i])
  printf "%snetwork={\n%s}\n", (printed++ ? "\n" : ""), body
}
