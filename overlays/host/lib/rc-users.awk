# rc-users.awk: awk -F '\t' -v it=INTERFACE -v bridge=NAME -v tap=NAME -v host=ADDRESS -v ours=1|'' -f rc-users.awk
# Reads what rc-lines.awk prints. Prints the settings by which INTERFACE, the bridge or the tap of the profile, is somebody
# else's, as one line, those that tell most first. With ours=1 vm_install has set it up itself before: then others may have
# been added to the lists. Settings that were made by hand for the same guest are known by the host's address.

$1 != "plain" && $1 != "bound" && $1 != "computed" { next }
{
  count++
  file[count] = $2
  line[count] = $3
  name[count] = $4
  value[count] = $5
  if ($4 == "ifconfig_" bridge && has_word($5, host, "/")) by_hand = 1
}

END {
  for (i = 1; i <= count; i++) if (uses(name[i], value[i])) tell(i)
  if (!ours && !by_hand)
    for (i = 1; i <= count; i++)
      if (name[i] ~ /^(cloned|autobridge)_interfaces$/ && has_word(value[i], it, ":")) tell(i)
  if (told != "") print told
}

function tell(i) { told = told (told == "" ? "" : ", ") name[i] "=\"" value[i] "\", " file[i] " line " line[i] }

function uses(key, text,  other, words, i, n) {
  if (key == "ifconfig_" it) return !(ours || by_hand || (it == tap && text == "up"))
  if (key == "autobridge_" it) return !ours && !(by_hand && text == tap)
  if (key ~ ("^ifconfig_" it "_(ipv6|descr)$")) return !ours && !by_hand
  if (("_" key "_") ~ ("_" it "_")) return 1
  if (key ~ /^ifconfig_.*_name$/) return text == it
  if (key ~ /^ifconfig_/ && key != "ifconfig_" bridge) {
    n = split(text, words, " ")
    for (i = 1; i < n; i++) if (words[i] ~ /^(addm|laggport|vlandev)$/ && words[i + 1] == it) return 1
  }
  if (it == tap && key ~ /^autobridge_/ && key != "autobridge_interfaces" && key != "autobridge_" bridge) {
    n = split(text, words, " ")
    for (i = 1; i <= n; i++) if (it ~ pattern_of(words[i])) return 1
  }
  return 0
}

# A pattern of the shell as one of awk.
function pattern_of(text) {
  gsub(/[.+(){}|^$\\]/, "[&]", text)
  gsub(/[*]/, ".*", text)
  gsub(/[?]/, ".", text)
  return "^" text "$"
}

# Whether a list has the word, or the word with SIGN and more behind it.
function has_word(text, word, sign,  words, i, n) {
  n = split(text, words, " ")
  for (i = 1; i <= n; i++) if (words[i] == word || index(words[i], word sign) == 1) return 1
  return 0
}
