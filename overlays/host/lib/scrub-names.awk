# The part of scrub.awk that knows how programs speak of a network. A name gets a number, and every form of it the same.

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
