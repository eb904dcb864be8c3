# watch.awk: awk -v width=... -f ssid.awk -f signal.awk -f watch.awk
# The lines of the guest's "wifi-control follow" as one line for each change; on a terminal, which has a width, each is
# written over the one before.

BEGIN { FS = "\t" }

{
  # Nothing that a terminal would obey.
  $0 = substr($0, 1, 1000)
  gsub(/[^\t -~]/, "")
  split("", is)
  for (i = 1; i <= NF; i++) if (at = index($i, "=")) is[substr($i, 1, at - 1)] = substr($i, at + 1)
  line = is["wpa_state"] == "COMPLETED" ? connected() : "not connected" (is["said"] == "" ? "" : ": " said(is["said"]))
  if (width) line = cut(line, width - 1)
  if (line == before) next
  before = line
  # What the line before had more is blanked; the last column would begin a new line.
  printf "%s%s", (width ? padded(line, width - 1) : line), (width ? "\r" : "\n")
  fflush()
}

# What changes most often has the same place in every line, and what may be long comes last.
function connected() {
  return (is["RSSI"] == "" ? "" : strength(is["RSSI"] + 0) "  ") (is["ip"] == "" ? "no address yet" : is["ip"]) \
    "  " shown(ssid_of("P\"" is["ssid"] "\"")) (is["freq"] == "" ? "" : "  " channel(is["freq"] + 0) ", " band(is["freq"] + 0))
}
