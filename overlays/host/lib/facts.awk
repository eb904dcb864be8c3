# facts.awk: awk -f ssid.awk -f facts.awk
# What the guest says of itself, without anything that a terminal would obey. wpa_supplicant escapes the names of networks
# in what it prints; the one in use becomes hexadecimal digits, and those in sentences are shown as far as they may be.

# What it says too much is left out.
NR > 100 { exit }

{ gsub(/[^ -~]/, ""); $0 = substr($0, 1, 300) }

/^wpa ssid=/ {
  hex = ssid_of("P\"" substr($0, 10) "\"")
  if (is_name(hex)) print "ssid " hex
  next
}
/^said(-gateway)? / { print said($0); next }
{ print }
