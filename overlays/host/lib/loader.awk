# loader.awk: awk -v boot=/boot -v inside="FILE ..." -v from="MARK" -v to="MARK" -f loader.awk /dev/null
# What the loader of FreeBSD reads, in its order, without what vm_install has put there. It starts with the defaults, which
# name the other files: those of loader_conf_files, then all that is in the directories of loader_conf_dirs (INSIDE are the
# files that there are in directories; 13 and later read them, in no order), then those of local_loader_conf_files (from 14:
# before, loader.conf.local was one of the first). Any of them may say otherwise.
# The first line says whether our file in loader.conf.d is read: directory or block. Then WHEN FILE LINE NAME VALUE for every
# setting, where WHEN is before or after: whether what vm_install writes comes later or not.

BEGIN {
  read_file(boot "/defaults/loader.conf")
  if (value["loader_conf_files"] == "") value["loader_conf_files"] = "/boot/loader.conf /boot/loader.conf.local"
  # A file of the list may name more.
  for (round = 1; round <= 3; round++) {
    count = split(value["loader_conf_files"], list, " ")
    for (i = 1; i <= count; i++) {
      if ((boot "/loader.conf") in seen) read_file(here(list[i]))
      else { read_file(here(list[i])); behind = count_of_lines }
    }
  }
  first = count_of_lines
  count = split(value["loader_conf_dirs"], list, " ")
  for (i = 1; i <= count; i++) {
    if (here(list[i]) == boot "/loader.conf.d") is_read = 1
    n = split(inside, files, " ")
    for (j = 1; j <= n; j++) if (directory_of(files[j]) == here(list[i])) read_file(files[j])
  }
  count = split(value["local_loader_conf_files"], list, " ")
  for (i = 1; i <= count; i++) read_file(here(list[i]))
  if (is_read) behind = first
  print (is_read ? "directory" : "block")
  for (i = 1; i <= count_of_lines; i++) print (i > behind ? "after" : "before"), lines[i]
}

function here(path) { sub(/\/$/, "", path); sub(/^\/boot/, "", path); return boot path }

function directory_of(path) { sub(/\/[^\/]*$/, "", path); return path }

function read_file(file,  line, number, ours, name, text) {
  if (file in seen) return
  seen[file] = 1
  if (file == boot "/loader.conf.d/airhive.conf") return
  while ((getline line < file) > 0) {
    number++
    if (line == from) ours = 1
    else if (line == to) ours = 0
    if (ours || !match(line, /^[ \t]*[A-Za-z0-9_.-]+[ \t]*=[ \t]*/)) continue
    name = substr(line, 1, RLENGTH)
    text = substr(line, RLENGTH + 1)
    gsub(/[ \t=]/, "", name)
    if (text ~ /^"/) { text = substr(text, 2); sub(/".*/, "", text) } else sub(/[ \t#].*/, "", text)
    value[name] = text
    # The defaults are no setting of the user's.
    if (file != boot "/defaults/loader.conf") lines[++count_of_lines] = file " " number " " name " " text
  }
  close(file)
}
