# Takes secrets out of the texts of a bug report. For vm_log, on FreeBSD's awk, so without {n} in patterns.
#   awk -v out=DIRECTORY -v keep= -f ssid.awk -f scrub.awk what=known - what=names FILE... what=text FILE...
# known  texts with secrets in them, as wpa_supplicant.conf(5) or a private key; lines "host NAME", "domain NAME"; END_MARK
#        at their end
# names  the texts, to learn which networks they name; text: the same, now written to DIRECTORY without what is secret
# Everything in printable ASCII, ? for other bytes. keep: names of networks and search domains stay. Exit 3: the known secrets were cut short.

BEGIN {
  HEX = "[0-9a-fA-F][0-9a-fA-F]"
  MAC = HEX "[:-]" HEX "[:-]" HEX "[:-]" HEX "[:-]" HEX "[:-]" HEX
  ASSIGNED = "(psk|pass|phrase|passwd|password|secret|wep_?key[0-9]?|identity|token|api_?key|authorization|cookie|" \
    "(private|pre-?shared|shared|auth|encryption|session)[ _-]?key)[\"']?[ \t]*[=:]"
  # As wpa_supplicant, wpa_cli, ipsec.secrets(5), setkey(8) and HTTP write it.
  TYPED = "(psk[ \t]+([\"']|0[sx])|wep_?key[0-9]?[ \t]|wpa_passphrase[ \t]|sae_password[ \t]|" \
    "set_network[ \t]+[^ \t]+[ \t]+[a-z_]*(psk|pass|wep|key|identity|pin)[a-z0-9_]*[ \t]|" \
    "(password|passphrase|identity|otp|pin|new_password)[ \t]+[0-9]+[ \t]|ctrl-rsp-[a-z_]+-[0-9]+:|" \
    "(rsa|ecdsa|xauth|eap|ntlm)[ \t]+[\"']|[ \t]-[eac][ \t]+[a-z0-9-]+[ \t]+(\"|0x))"
  LOGIN = "([Bb]earer|[Bb]asic|[Dd]igest|[Nn]egotiate)[ \t]+[A-Za-z0-9._~+\/-]*[0-9._~+\/=][^ \t\"']*"
  HASH = "[$](1|2[abxy]?|3|5|6|7|y|gy|md5|sha1|scrypt|bcrypt|argon2i?d?|pbkdf2[a-z0-9-]*)[$][^ \t:,;\"']+"
  DUMP = "^[ \t]*(0x)?" HEX HEX HEX "*:?[ \t]+" HEX "(" HEX ")?[ \t]+" HEX "(" HEX ")?[ \t]+" HEX "(" HEX ")?[ \t]+" HEX
  SECRET = "(secret)"
  END_MARK = "vm_log: these are all"
}

what == "known" { sub(/[ \t\r]+$/, ""); learn_secret($0); next }

!complete { exit 3 }

what == "names" { if (!keep) learn_names($0); next }

FNR == 1 { begin_file() }

{ put(hide_keys($0)) }

END {
  if (!complete) exit 3
  if (to != "") { write_line(held); close(to) }
}

# --- What is secret -------------------------------------------------------------------------------------------------

function learn_secret(line,  value, quoted) {
  if (line == END_MARK) complete = 1
  if (line ~ /-----BEGIN .*PRIVATE KEY/) inside = 1
  else if (line ~ /-----END/) inside = 0
  else if (inside && line ~ /^[A-Za-z0-9+\/=]+$/ && length(line) > 3) add_secret(line)
  if (line ~ /^host /) { add_host(substr(line, 6)); return }
  if (line ~ /^domain /) { add_domain(substr(line, 8)); return }
  if (!match(line, /(ssid|psk|sae_password|password|passwd|wep_key[0-3]|identity|pin|wpa_passphrase)[ \t]*=[ \t]*/)) return
  value = substr(line, RSTART + RLENGTH)
  quoted = value ~ /^P?".*"/
  if (quoted) { sub(/^P?"/, "", value); sub(/"[^"]*$/, "", value) }
  if (substr(line, RSTART, 4) == "ssid") {
    if (keep) return
    if (quoted || !is_hex(value)) add_name(value)
    else { add_name(text_of(value)); add_form(value, text_of(value)) }
    return
  }
  add_secret(value, 1)
  if (!quoted && is_hex(value)) add_secret(text_of(value), 1)
}

# forms: also where it is spelled in another way. Not the lines of a key: each is only a piece of what is encoded.
function add_secret(text, forms) {
  if (length(text) < 3 || text in secret) return
  secret[text] = 1
  secrets[++secret_count] = text
  if (length(text) < 5) return
  if (text !~ /[?]/) secrets[++secret_count] = hex_of(text)
  if (forms) add_forms(text)
}

# Short ones and those of every home tell nothing, and would be found everywhere.
function add_domain(name) {
  if (keep || length(name) < 4 || name ~ /^(home[.]arpa|local|localdomain|internal|home|fritz[.]box)[.]?$/) return
  add_literal(name, "(domain)")
}

function add_host(name) {
  if (name == "" || name ~ /^(localhost|airhive)/) return
  add_literal(name, "(host)")
  if (name ~ /[.]/) { add_literal(substr(name, 1, index(name, ".") - 1), "(host)"); add_literal(substr(name, index(name, ".") + 1), "(domain)") }
}

# --- What is written ------------------------------------------------------------------------------------------------

function begin_file() {
  if (!sorted++) { sort(literals, literal_count); sort(secrets, secret_count) }
  if (to != "") { write_line(held); close(to) }
  to = FILENAME
  sub(/.*\//, "", to)
  to = out "/" to
  holding = in_key = in_dump = 0
}

# The longest first: one name may be a part of another.
function sort(list, count,  i, k, text) {
  for (i = 2; i <= count; i++) {
    text = list[i]
    for (k = i - 1; k > 0 && length(list[k]) < length(text); k--) list[k + 1] = list[k]
    list[k + 1] = text
  }
}

# Private keys, the dumps of wpa_supplicant's debugging, and lines that can only be a piece of a key.
function hide_keys(line,  low) {
  if (in_key || line ~ /-----BEGIN .*PRIVATE KEY/) {
    in_key = line !~ /-----END/ && (line ~ /-----BEGIN/ || line ~ /^[ A-Za-z0-9+\/=:,-]*$/)
    return "(private key)"
  }
  if (in_dump && line ~ ("^[ \t]*" HEX "( |$)")) return "(dump)"
  in_dump = line ~ /hexdump/
  if (in_dump) { sub(/hexdump.*/, "hexdump: (dump)", line); return line }
  if (line ~ DUMP) return "(dump)"
  if (line ~ /^[ \t]*[A-Za-z0-9+\/=]+$/ && length(line) >= 40) return "(key)"
  low = tolower(line)
  if (match(low, ASSIGNED) || match(low, TYPED)) line = substr(line, 1, RSTART + RLENGTH - 1) SECRET
  return hide_logins(hide_tokens(line))
}

# What only its form betrays: hashes of passwords (crypt(3)), keys of WireGuard (32 bytes in base64), tokens (JWT), what logs in (HTTP).
function hide_tokens(line,  result) {
  if (match(line, LOGIN)) line = substr(line, 1, RSTART - 1) SECRET substr(line, RSTART + RLENGTH)
  while (match(line, HASH)) line = substr(line, 1, RSTART - 1) "(hash)" substr(line, RSTART + RLENGTH)
  while (match(line, /eyJ[A-Za-z0-9_-]+[.][A-Za-z0-9_.-]+/)) line = substr(line, 1, RSTART - 1) SECRET substr(line, RSTART + RLENGTH)
  while (match(line, /[A-Za-z0-9+\/]+=/)) {
    result = result substr(line, 1, RSTART - 1) (RLENGTH == 44 ? "(key)" : substr(line, RSTART, RLENGTH))
    line = substr(line, RSTART + RLENGTH)
  }
  return result line
}

# What stands before the @ of an address such as https://NAME:PASSWORD@HOST; one line may have several.
function hide_logins(line,  result) {
  while (match(line, /:\/\/[^\/@ ]*@/)) {
    result = result substr(line, 1, RSTART + 2) SECRET "@"
    line = substr(line, RSTART + RLENGTH)
  }
  return result line
}

# A line is held back until the next is known: a console breaks what is longer than its screen.
function put(line,  i, at, joined) {
  if (holding) {
    joined = held line
    for (i = 1; i <= secret_count; i++) {
      at = index(joined, secrets[i])
      if (at == 0 || at > length(held) || at + length(secrets[i]) - 1 <= length(held)) continue
      line = SECRET substr(line, at + length(secrets[i]) - length(held))
      held = substr(held, 1, at - 1) SECRET
      joined = held line
    }
    write_line(held)
  }
  held = line
  holding = 1
}

function write_line(line,  i) {
  if (!holding) { printf "" >to; return }
  for (i = 1; i <= secret_count; i++)
    if (index(line, secrets[i])) line = replaced(line, secrets[i], SECRET, length(secrets[i]) < 8)
  line = hide_digits(hide_base64(line))
  if (spells_secret(line)) line = SECRET
  for (i = 1; i <= literal_count; i++)
    if (index(line, literals[i])) line = replaced(line, literals[i], literal[literals[i]], 1)
  line = hide_addresses(hide_serials(line))
  print (length(line) > 2000 ? substr(line, 1, 2000) "..." : line) >to
}

function replaced(line, text, by, whole,  at, result, before, after) {
  while ((at = index(line, text)) > 0) {
    before = at > 1 ? substr(line, at - 1, 1) : substr(result, length(result), 1)
    after = substr(line, at + length(text), 1)
    if (whole && ((before ~ /[A-Za-z0-9_]/ && text ~ /^[A-Za-z0-9_]/) || (after ~ /[A-Za-z0-9_]/ && text ~ /[A-Za-z0-9_]$/))) {
      result = result substr(line, 1, at)
      line = substr(line, at + 1)
      continue
    }
    result = result substr(line, 1, at - 1) by
    line = substr(line, at + length(text))
  }
  return result line
}

# Disks say theirs at boot; that of a Wi-Fi card, in what pciconf says, is its hardware address.
function hide_serials(line) {
  if (match(line, /[Ss]erial [Nn]umber:? *[^ ]+/) || match(line, /Serial [0-9]+ [0-9a-f]+/))
    line = substr(line, 1, RSTART + 6) "(serial number)" substr(line, RSTART + RLENGTH)
  return line
}

# The maker's half of a hardware address stays; the rest is a number, the same for the same address.
function hide_addresses(line,  result, address) {
  while (match(line, MAC)) {
    address = substr(line, RSTART, RLENGTH)
    result = result substr(line, 1, RSTART - 1)
    line = substr(line, RSTART + RLENGTH)
    while (match(line, "^[:-]" HEX)) { address = address substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1) }
    result = result hidden(tolower(address), address)
  }
  line = result line
  gsub(/[fF][fF]:[fF][eE][0-9a-fA-F][0-9a-fA-F]:[0-9a-fA-F]+/, "ff:fexx:xxxx", line)
  return line
}

function hidden(key, address) {
  gsub(/-/, ":", key)
  if (key ~ /^(ff:ff:ff:ff:ff:ff|00:00:00:00:00:00)$/) return address
  if (!(key in station)) station[key] = ++stations
  return substr(address, 1, 8) sprintf(":xx:xx:%02d", station[key])
}

function is_hex(text) { return text ~ /^[0-9a-fA-F]+$/ && length(text) % 2 == 0 }

# --- Names ---------------------------------------------------------------------------------------------------------

# How programs speak of a network. A name gets a number, and every form of it the same.

# What is between the marks that programs put around a name.
function learn_names(line,  word, n) {
  if (line ~ /^[ \t]*(search|domain)[ \t]/) for (n = split(line, word, /[ \t]+/); n > 1; n--) if (word[n] !~ /^(search|domain)$/) add_domain(word[n])
  learn_between(line, "[sS][sS][iI][dD]\"?[ =:]+\"", "\"")
  learn_between(line, "[sS][sS][iI][dD][ =]+'", "'")
  learn_between(line, "(for|to|joined|joining|network|forget) +\"", "\"")
  learn_between(line, "[ \t]ssid ", " channel ")
  if (line ~ /^(ifconfig|create_args)_[a-z0-9_]+=/ && match(line, /ssid [^ "']+/)) add_name(substr(line, RSTART + 5, RLENGTH - 5))
  if (line ~ /^ssid=[^"]/) add_name(substr(line, 6))
  if (match(line, /^[ \t]*SSID: /)) add_name(substr(line, RSTART + RLENGTH))
  if (line ~ /" refuses the connection/) learn_between(line, "(: |^| )\"", "\" refuses")
  if (match(line, "^(bss )?" MAC "\t[0-9]+\t-?[0-9]+\t[^\t]*\t")) add_name(substr(line, RLENGTH + 1))
}

function learn_between(line, before, after,  at, name) {
  while (match(line, before)) {
    line = substr(line, RSTART + RLENGTH)
    at = after == "\"" ? end_of_quote(line) : index(line, after)
    if (at < 2) return
    name = substr(line, 1, at - 1)
    if (name !~ /^(vm_|service |kldload |pkg |ifconfig |resolvconf )/) add_name(name)
    line = substr(line, at)
  }
}

# A quote inside of a name has a backslash before it, or no end of a phrase behind it.
function end_of_quote(line,  i) {
  for (i = 1; i <= length(line); i++)
    if (substr(line, i, 1) == "\\") i++
    else if (substr(line, i, 1) == "\"" && substr(line, i + 1, 1) !~ /[A-Za-z0-9"]/) return i
  return 0
}

function add_name(text) {
  if (text ~ /^".*"$/) text = substr(text, 2, length(text) - 2)
  add_form(text, text)
}

# The same network in another form, such as with escapes, has the same number.
function add_form(text, name) {
  name = text_of(unescaped(name))
  # What is too short would be found everywhere.
  if (length(name) < 3) return
  if (!(name in number)) number[name] = ++networks
  add_literal(text, "network-" number[name])
  add_literal(name, "network-" number[name])
  if (name ~ /[?]/) return
  add_literal(hex_of(name), "network-" number[name])
  add_digits(hex_of(name), "network-" number[name])
}

# A text has the same name thousands of times.
function add_digits(hex, by) {
  if (hex in known_digits) return
  known_digits[hex] = 1
  digits[++digits_count] = hex
  digits_as[digits_count] = by
}

# What is no plain sign is a ? here, as in the texts.
function text_of(hex,  i, n, out) {
  for (i = 1; i < length(hex); i += 2) {
    n = value_of(tolower(substr(hex, i, 2)))
    out = out (n < 32 || n > 126 ? "?" : sprintf("%c", n))
  }
  return out
}

function add_literal(text, by) {
  if (text == "" || text in literal) return
  literal[text] = by
  literals[++literal_count] = text
}

# --- Forms ---------------------------------------------------------------------------------------------------------

# In how many ways programs spell one and the same secret: as digits, in base64, with
# the escapes of addresses (URL), JSON, C and shells, and as UTF-16.

# What else is looked for when this text is a secret.
function add_forms(text,  hex, offset) {
  plain[++plain_count] = text
  bare[plain_count] = without_quotes(text)
  if (text ~ /[?]/) return
  hex = hex_of(text)
  add_digits(hex, SECRET)
  for (offset = 0; offset < 3; offset++) add_base64(hex, offset)
}

# Where it stands in what is encoded is not known, so the signs count that are the same in any case.
function add_base64(hex, offset,  bits, i, first, last, out, n, k) {
  for (i = 1; i <= length(hex); i++) {
    n = value_of(substr(hex, i, 1))
    bits = bits int(n / 8) int(n / 4) % 2 int(n / 2) % 2 n % 2
  }
  first = int((8 * offset + 5) / 6)
  last = int((8 * offset + length(bits)) / 6)
  for (i = first; i < last; i++) {
    n = 0
    for (k = 1; k <= 6; k++) n = n * 2 + substr(bits, 6 * i - 8 * offset + k, 1)
    out = out substr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", n + 1, 1)
  }
  if (length(out) < 6 || index(SECRET, out)) return
  encoded[++encoded_count] = out
  if (gsub(/\//, "_", out) + gsub(/[+]/, "-", out)) encoded[++encoded_count] = out
}

# With all signs around that may have a part of the secret.
function hide_base64(line,  i, at, first, last) {
  for (i = 1; i <= encoded_count; i++)
    while (at = index(line, encoded[i])) {
      for (first = at; first > 1 && substr(line, first - 1, 1) ~ /[A-Za-z0-9+\/_-]/; first--) continue
      for (last = at + length(encoded[i]); substr(line, last, 1) ~ /[A-Za-z0-9+\/_=-]/; last++) continue
      line = substr(line, 1, first - 1) SECRET substr(line, last)
    }
  return line
}

# Digits in a row, in capitals or not, apart or not: 5A6B, 5a 6b, 5a:6b, \x5a\x6b, 0x5a, 0x6b.
function hide_digits(line,  result, run, at, i) {
  if (!digits_count) return line
  while (match(line, /[0-9a-fA-F]([ ,:;-]?[ ]?((\\|0)?[xX])?[0-9a-fA-F])+/)) {
    at = RSTART
    run = substr(line, at, RLENGTH)
    result = result substr(line, 1, at - 1)
    line = substr(line, at + length(run))
    result = result (length(run) < 6 ? run : hidden_digits(run))
  }
  return result line
}

function hidden_digits(run,  squeezed, i) {
  squeezed = tolower(run)
  gsub(/(\\|0)?x/, "", squeezed)
  gsub(/[^0-9a-f]/, "", squeezed)
  for (i = 1; i <= digits_count; i++) if (index(squeezed, digits[i])) return digits_as[i]
  return run
}

# A line that spells a secret with escapes, or sign by sign with a zero byte between (UTF-16; such a byte is a ? here).
# Where the secret begins and ends is not worth finding out.
function spells_secret(line,  url, blanks, c, shell, wide, i) {
  if (line !~ /[%\\'"?]/ || !plain_count) return 0
  url = line ~ /%[0-9a-fA-F]/ ? decoded(line) : ""
  blanks = url
  gsub(/[+]/, " ", blanks)
  c = index(line, "\\") ? unquoted(line) : ""
  shell = without_quotes(line)
  wide = line
  gsub(/[?]/, "", wide)
  if (wide == line) wide = ""
  for (i = 1; i <= plain_count; i++) {
    if (url != "" && (index(url, plain[i]) || index(blanks, plain[i]))) return 1
    if (c != "" && index(c, plain[i])) return 1
    if (length(bare[i]) >= 5 && index(shell, bare[i])) return 1
    if (wide != "" && plain[i] !~ /[?]/ && index(wide, plain[i])) return 1
  }
  return 0
}

function without_quotes(text) { gsub(/['"\\]/, "", text); return text }

function byte_sign(n) { return n < 32 || n > 126 ? "?" : sprintf("%c", n) }

function decoded(line,  result) {
  while (match(line, /%[0-9a-fA-F][0-9a-fA-F]/)) {
    result = result substr(line, 1, RSTART - 1) byte_sign(value_of(tolower(substr(line, RSTART + 1, 2))))
    line = substr(line, RSTART + 3)
  }
  return result line
}

function unquoted(line,  at, result, sign) {
  while (at = index(line, "\\")) {
    result = result substr(line, 1, at - 1)
    line = substr(line, at + 1)
    sign = substr(line, 1, 1)
    if (match(line, /^u00[0-9a-fA-F][0-9a-fA-F]/)) sign = byte_sign(value_of(tolower(substr(line, 4, 2))))
    else if (match(line, /^x[0-9a-fA-F][0-9a-fA-F]/)) sign = byte_sign(value_of(tolower(substr(line, 2, 2))))
    else if (match(line, /^[0-3][0-7][0-7]/)) sign = byte_sign(substr(line, 1, 1) * 64 + substr(line, 2, 1) * 8 + substr(line, 3, 1))
    else match(line, /^./)
    result = result sign
    line = substr(line, RLENGTH < 1 ? 1 : RLENGTH + 1)
  }
  return result line
}
