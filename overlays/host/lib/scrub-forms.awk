# The part of scrub.awk that knows in how many ways programs spell one and the same secret: as digits, in base64, with
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
