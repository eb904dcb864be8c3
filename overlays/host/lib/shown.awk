# shown.awk: awk [-v as=shown|setting|json -v hex=...] -f ssid.awk -f shown.awk
# Names of networks for a terminal, for wpa_supplicant.conf(5) and for JSON: one name as the variables say, or for the program
# that comes after this one.

BEGIN {
  # lib/common sets it when the terminal takes UTF-8.
  utf8 = ENVIRON["AIRHIVE_UTF8"] != ""
  # The characters that are shown as they are: letters and signs that every terminal puts into as many columns. Not those
  # that it obeys or hides, that turn the direction of a line or join with the one before.
  printable(1, "a1-ac ae-2ff 370-482 48a-58f 5d0-5ea 620-64a 671-6d3 10a0-10ff 1e00-1fff 2010-2027 2030-205e 2070-20c0")
  printable(1, "2100-2319 231c-2328 232b-23e8 2460-25fc 2600-2613 ff61-ff9f")
  printable(2, "3001-3029 3030-303e 3041-3096 309b-30ff 3105-312f 3131-3163 3165-318e 31f0-321e 3400-4dbf 4e00-9fff")
  printable(2, "ac00-d7a3 f900-fad9 ff01-ff60 ffe0-ffe6 1f400-1f43e 1f442-1f4fc 1f600-1f64f 1f680-1f6c5 1f910-1f93a")
  if (as != "") print (as == "json" ? json_of(hex) : as == "setting" ? setting(hex) : shown(hex))
}

# Remembers ranges of characters that take so many columns.
function printable(columns, list,   range, n, i) {
  n = split(list, range, " ")
  for (i = 1; i <= n; i++) {
    range_first[++ranges] = value_of(substr(range[i], 1, index(range[i], "-") - 1))
    range_last[ranges] = value_of(substr(range[i], index(range[i], "-") + 1))
    range_columns[ranges] = columns
  }
}

# How many columns a character of more than one byte takes; 0: it is not to be shown.
function columns_of(character,   i) {
  for (i = 1; i <= ranges; i++) if (character >= range_first[i] && character <= range_last[i]) return range_columns[i]
  return 0
}

# The character whose UTF-8 begins at that digit; -1 when there is none, as in what was cut, is too long or a surrogate.
function character_at(hex, at,   n, size, i, next_byte) {
  n = value_of(substr(hex, at, 2))
  if (n < 128) return n
  size = n >= 240 ? 4 : n >= 224 ? 3 : 2
  if (n < 194 || n > 244 || at + 2 * size - 1 > length(hex)) return -1
  n -= size == 4 ? 240 : size == 3 ? 224 : 192
  for (i = 1; i < size; i++) {
    next_byte = value_of(substr(hex, at + 2 * i, 2))
    if (next_byte < 128 || next_byte > 191) return -1
    n = n * 64 + next_byte - 128
  }
  return size == size_of(n) && (n < 55296 || n > 57343) && n < 1114112 ? n : -1
}

# In bytes of UTF-8.
function size_of(character) { return character < 128 ? 1 : character < 2048 ? 2 : character < 65536 ? 3 : 4 }

# The name for a terminal, where its bytes could be orders: whatever is not plain, or plain in UTF-8, is spelled out.
function shown(hex) { return "\"" spelled(hex, utf8) "\"" }

function spelled(hex, utf8,   i, n, out) {
  out = ""
  for (i = 1; i < length(hex); i += 2) {
    n = value_of(substr(hex, i, 2))
    if (n == 34 || n == 92) out = out sprintf("\\%c", n)
    else if (n >= 32 && n < 127) out = out sprintf("%c", n)
    else if (utf8 && (n = character_at(hex, i)) > 127 && columns_of(n)) {
      out = out bytes_of(substr(hex, i, 2 * size_of(n)))
      i += 2 * size_of(n) - 2
    } else out = out "\\x" substr(hex, i, 2)
  }
  return out
}

function bytes_of(hex,   i, out) {
  out = ""
  for (i = 1; i < length(hex); i += 2) out = out sprintf("%c", value_of(substr(hex, i, 2)))
  return out
}

# What a program of the guest says, with the names in it as shown() has them. It has escaped them, backslashes too.
function said(text,   out, run) {
  out = ""
  while (match(text, /\\./)) {
    out = out substr(text, 1, RSTART - 1)
    text = substr(text, RSTART)
    run = ""
    while (text ~ /^\\x[89a-f][0-9a-f]/) { run = run substr(text, 3, 2); text = substr(text, 5) }
    if (run == "") { out = out substr(text, 1, 2); text = substr(text, 3) }
    else out = out spelled(run, utf8)
  }
  return out text
}

# How many columns a text takes that is plain or comes from shown().
function width_of(text,   hex, i, n, sum) {
  hex = hex_of(text)
  sum = 0
  for (i = 1; i < length(hex); i += 2 * size_of(n)) {
    n = character_at(hex, i)
    sum += n < 128 ? 1 : columns_of(n)
  }
  return sum
}

# As much of such a text as goes into so many columns.
function cut(text, columns,   hex, i, n) {
  hex = hex_of(text)
  for (i = 1; i < length(hex) && columns > 0; i += 2 * size_of(n)) {
    n = character_at(hex, i)
    columns -= n < 128 ? 1 : columns_of(n)
    if (columns < 0) break
  }
  return bytes_of(substr(hex, 1, i - 1))
}

# The text with spaces behind it, up to so many columns. printf would count bytes.
function padded(text, columns,   missing) {
  missing = columns - width_of(text)
  return missing > 0 ? text sprintf("%" missing "s", "") : text
}

# The name as a string of JSON, exact and in plain signs; null when its bytes are no UTF-8 and so no string.
function json_of(hex,   i, n, out) {
  out = ""
  for (i = 1; i < length(hex); i += 2 * size_of(n)) {
    n = character_at(hex, i)
    if (n < 0) return "null"
    if (n == 34 || n == 92) out = out sprintf("\\%c", n)
    else if (n >= 32 && n < 127) out = out sprintf("%c", n)
    else if (n < 65536) out = out sprintf("\\u%04x", n)
    else out = out sprintf("\\u%04x\\u%04x", 55296 + int((n - 65536) / 1024), 56320 + n % 1024)
  }
  return "\"" out "\""
}

# The name as a setting: in quotes when every byte is plain, else in digits; strings in quotes know no escapes.
function setting(hex,   text) {
  text = spelled(hex, 0)
  return text ~ /\\/ ? hex : "\"" text "\""
}
