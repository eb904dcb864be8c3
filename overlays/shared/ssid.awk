# ssid.awk: names of wireless networks (SSIDs). They are bytes and not text, so a name is kept as hexadecimal digits. Host and
# guest have this file from overlays/shared. To be run with LC_ALL=C or by busybox awk, where every awk counts bytes.

BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i }

# A number, such as a byte, from hexadecimal digits.
function value_of(digits,   i, n) {
  n = 0
  for (i = 1; i <= length(digits); i++) n = n * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
  return n
}

# The name in a setting ssid=VALUE, from "text", P"printf escapes" or digits.
function ssid_of(value,   text) {
  if (match(value, /^P?".*"$/)) {
    text = substr(value, index(value, "\"") + 1)
    text = substr(text, 1, length(text) - 1)
    return value ~ /^P/ ? unescaped(text) : hex_of(text)
  }
  return is_name(tolower(value)) ? tolower(value) : ""
}

# Whether it is digits, of a name that can be: at most 32 bytes (IEEE 802.11-2020, 9.4.2.2).
function is_name(hex) { return hex ~ /^[0-9a-f]*$/ && length(hex) % 2 == 0 && length(hex) <= 64 }

function hex_of(text,   i, out) {
  out = ""
  for (i = 1; i <= length(text); i++) out = out sprintf("%02x", code[substr(text, i, 1)])
  return out
}

# As digits, since what is escaped may be a byte that awk cannot keep in a string. wpa_supplicant knows \\ \" \n \r \t \e, \x with
# one or two digits, and \ with one to three octal digits; before anything else the backslash counts for nothing, and \x neither.
function unescaped(text,   i, c, n, out) {
  out = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c != "\\") { out = out hex_of(c); continue }
    c = substr(text, ++i, 1)
    if (c == "n") out = out "0a"
    else if (c == "r") out = out "0d"
    else if (c == "t") out = out "09"
    else if (c == "e") out = out "1b"
    else if (c == "x") {
      for (n = 0; n < 2 && substr(text, i + n + 1, 1) ~ /^[0-9a-fA-F]$/; n++) continue
      if (n) out = out (n == 1 ? "0" : "") tolower(substr(text, i + 1, n))
      i += n
    } else if (c ~ /^[0-7]$/) {
      for (n = 1; n < 3 && substr(text, i + n, 1) ~ /^[0-7]$/; n++) continue
      out = out octal_byte(substr(text, i, n))
      i += n - 1
    } else out = out hex_of(c)
  }
  return out
}

# Of \777 eight bits are left.
function octal_byte(digits,   i, n) {
  n = 0
  for (i = 1; i <= length(digits); i++) n = n * 8 + substr(digits, i, 1)
  return sprintf("%02x", n % 256)
}
