# cards.awk: awk -v ids="VENDOR:DEVICE ..." -f cards.awk cards.tsv DEVICES
# Reads the table of cards, and then lines of devices "PLACE VENDOR:DEVICE DRIVER SUBDEVICE CLASS". Prints what the table says
# of each that it has, that IDS names, or that is a Wi-Fi card by its class (0x0280, and 0x0d20 and 0x0d21 for radios of 802.11), with tabs between:
#   PLACE VENDOR:DEVICE DRIVER VERDICT MAKER MODULES RC NATIVE NAME TEXT
# "-" is nothing, also in the table; the verdict is "unknown" for a card that is not there. Of several entries with one id
# those count that name the subdevice, or else all of them: the best verdict, and the modules and cautions of each;
# where all are never, the reason of the first.

BEGIN { rank["works"] = 4; rank["reported"] = 3; rank["untested"] = 2; rank["never"] = 1 }

NR == FNR {
  n = $0 ~ /^#/ ? 0 : split($0, column, "\t")
  if (n < 9) next
  entries++
  for (i = 1; i <= 9; i++) entry[entries, i] = column[i]
  next
}
NF >= 5 { look($1, $2, $3, $4, $5) }

function look(place, id, driver, subdevice, class,  i, known, decided, best, verdict, maker, modules, rc, native, name, text, reason) {
  for (i = 1; i <= entries; i++) {
    if (entry[i, 1] != id) continue
    known = 1
    if (subdevice != "-" && has(entry[i, 2], subdevice)) decided = 1
  }
  if (!known && !has(ids, id) && class !~ /^0x(0280|0d20|0d21)/) return
  verdict = "unknown"
  for (i = 1; i <= entries; i++) {
    if (entry[i, 1] != id || (decided && !has(entry[i, 2], subdevice))) continue
    if (rank[entry[i, 4]] > best) { best = rank[entry[i, 4]]; verdict = entry[i, 4] }
    maker = entry[i, 3]
    modules = added(modules, entry[i, 5])
    rc = added(rc, entry[i, 6])
    if (native == "" || native == "-") native = entry[i, 7]
    if (name == "") name = entry[i, 8]
    else if (!index(" or " name " or ", " or " entry[i, 8] " or ")) name = name " or " entry[i, 8]
    if (entry[i, 9] == "-") continue
    if (entry[i, 4] == "never") { if (reason == "") reason = entry[i, 9] }
    else if (!index(" " text " ", " " entry[i, 9] " ")) text = text (text == "" ? "" : " ") entry[i, 9]
  }
  if (verdict == "never") text = reason
  print place "\t" id "\t" driver "\t" verdict "\t" some(maker) "\t" some(modules) "\t" some(rc) "\t" some(native) "\t" \
    some(name) "\t" some(text)
}

function has(list, word) { return index(" " list " ", " " word " ") > 0 }
function some(text) { return text == "" ? "-" : text }

function added(list, more,  n, i, words) {
  n = split(more, words, " ")
  for (i = 1; i <= n; i++) if (words[i] != "-" && !has(list, words[i])) list = list (list == "" ? "" : " ") words[i]
  return list
}
