# watch.awk: awk -v end=... -f ssid.awk -f watch.awk
# The lines of the guest's "wifi-control follow" as one line for each change; on a terminal (end is \r) over each other.

BEGIN { FS = "\t" }

{
  # Nothing that a terminal would obey.
  gsub(/[^\t -~]/, "")
  split("", is)
  for (i = 1; i <= NF; i++) if (at = index($i, "=")) is[substr($i, 1, at - 1)] = substr($i, at + 1)
  if (is["wpa_state"] == "COMPLETED")
    line = shown(ssid_of("P\"" is["ssid"] "\"")) "  " is["RSSI"] " dBm  " is["freq"] " MHz  " \
      (is["ip"] == "" ? "no address yet" : is["ip"])
  else
    line = "not connected" (is["said"] == "" ? "" : ": " is["said"])
  if (line == last) next
  last = line
  # What the line before had more is blanked.
  printf "%-" (end == "\r" ? 78 : 1) "s%s", line, end
  fflush()
}
