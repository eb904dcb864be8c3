# networks.awk: awk -v want=... -f ssid.awk -f conf.awk -f networks.awk FILE [NEW]. FILE and NEW hold network={...} blocks.
#   merge            FILE, with the blocks of NEW in the places of those of the same name, or behind them
#   drop -v hex=H    FILE without the blocks of that name; exit status 3 when there are none
#   list             one line for each block: its name, its kind of security, ...
#   names            the names, as a person would write them, in one line
# What stands outside of blocks is left out, and so is a block without an end.

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
  for (i = 1; i <= count; i++) {
    if (want == "list") print "  " padded(shown(of[i]), width) "  " kind[i] (shown(of[i]) ~ /\\/ ? "  (--hex " of[i] ")" : "")
    if (want == "names") printf "%s%s", (i == 1 ? "" : ", "), shown(of[i])
    if (want == "drop" && of[i] == hex) { dropped = 1; continue }
    if (want == "merge" || want == "drop") printf "%snetwork={\n%s}\n", (printed++ ? "\n" : ""), block[i]
  }
  if (want == "drop" && !dropped) exit 3
}
