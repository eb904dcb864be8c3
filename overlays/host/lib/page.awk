# page.awk: awk -f ssid.awk -f shown.awk -f page.awk what=values FILE what=page FILE
# Fills in lib/page.html. The values are lines "KEY VALUE"; a key that comes again is a list, whose fields are separated
# by tabs. In the page @@KEY@@ is a value; a line that begins with @@?KEY@@ is only there if it has one, and one that begins
# with @@*KEY@@ is there for each of a list, with its fields as @@1@@, @@2@@ and so on.
# The guest and the networks around it say much of that, so nothing of it is HTML in the page, or longer than people read.

BEGIN { MOST = 600; MOST_OF_LIST = 60 }

what == "page" { put($0); next }

{
  key = $1
  text = substr($0, length(key) + 2)
  if (count[key]++ == 0) value[key] = text
  if (count[key] <= MOST_OF_LIST) item[key, count[key]] = text
  if (key == "ssid" && text != "") value["ssid_short"] = short(text)
}

# The drawing has room for so many columns.
function short(hex,   text) {
  text = shown(hex)
  return width_of(text) > 24 ? cut(text, 23) "\342\200\246" : text
}

function put(line,   key, i, n) {
  if (match(line, /^@@[?*][a-z_]+@@/)) {
    key = substr(line, 4, RLENGTH - 5)
    n = substr(line, 3, 1) == "?" ? value[key] != "" : count[key]
    line = substr(line, RLENGTH + 1)
    for (i = 1; i <= n && i <= MOST_OF_LIST; i++) print filled(line, item[key, i])
  } else print filled(line, "")
}

# What is put in is not looked at again: a value may look like a key.
function filled(line, fields,   out, key, field) {
  split(fields, field, "\t")
  out = ""
  while (match(line, /@@[a-z0-9_]+@@/)) {
    key = substr(line, RSTART + 2, RLENGTH - 4)
    out = out substr(line, 1, RSTART - 1) escaped(key ~ /^[0-9]+$/ ? field[key + 0] : value[key])
    line = substr(line, RSTART + RLENGTH)
  }
  return out line
}

function escaped(text,   i, c, out) {
  text = whole(text)
  out = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "&") c = "&amp;"
    else if (c == "<") c = "&lt;"
    else if (c == ">") c = "&gt;"
    else if (c == "\"") c = "&quot;"
    else if (c == "\047") c = "&#39;"
    else if (code[c] < 32 || code[c] == 127) c = "?"
    out = out c
  }
  return out
}

# Cut where a character of UTF-8 begins.
function whole(text,   n) {
  if (length(text) <= MOST) return text
  for (n = MOST; n > MOST - 4 && int(code[substr(text, n + 1, 1)] / 64) == 2; n--) continue
  return substr(text, 1, n) "..."
}
