# networks.awk: awk -v tag=ID [-v without=HEX] -f ssid.awk -f networks.awk SITE LEARNT...
# Prints the network={...} blocks of SITE, each marked with id_str="ID", behind it the marks that vm_site has given (trusted,
# public), then those of LEARNT that are not marked, whose SSID no earlier file has and which is not HEX. Several blocks
# of one file may have the same SSID: wpa_supplicant chooses among them. Everything outside of blocks is left out.
# Which address a network sees: what its block says (mac_addr, of those that were learnt only 0 to 2), else -v policy, of
# which only per-network is said in each block. Where that is per-network, 3, the address is made from the SSID and the secret
# in the file -v secret=FILE, or if -v dedicated is empty (wpa_supplicant before 2.11) it is a random one.
# Of the lists of ciphers those in -v lacked=" A B " are left out, unless nothing would be left.
# networks.awk: awk -v tag=ID -v want=names -f ssid.awk -f networks.awk /dev/null FILE
# Prints each SSID once, as hexadecimal digits, and "site" (marked) or "learnt".
# networks.awk: awk -v want=old [-v only=HEX] -f ssid.awk -f networks.awk /dev/null FILE scan=1 SCAN
# Prints the name, as SCAN has it (wpa_cli scan_results), of a network of FILE (the one of that SSID) that takes no TKIP, while
# all its access points in reach have WPA of 2003 or TKIP. One that has TKIP for some has it for all in its broadcasts.

scan { look(); next }

{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, "") }

/^network=\{[ \t]*(#.*)?$/ { inside = 1; block = ""; ssid = ""; marked = 0; marks = ""; mac = ""; strict = 0; next }

inside && /^\}[ \t]*(#.*)?$/ {
	inside = 0
	site = (FILENAME == ARGV[1])
	if (ssid == "" || ((ssid in seen) && (want == "names" || seen[ssid] != FILENAME))) next
	if (!site && want != "names" && (marked || ssid == without)) next
	seen[ssid] = FILENAME
	if (want == "names") { print ssid, marked ? "site" : "learnt"; next }
	if (want == "old") { if (strict) choosy[ssid] = 1; else lenient[ssid] = 1; next }
	print "network={"
	printf "%s", block
	if (site) print "\tid_str=\"" tag marks "\""
	print_address(ssid)
	print "}"
	next
}

inside && /^id_str=/ {
	if ($0 ~ /^id_str="(trusted|public|trusted public)"$/) marks = " " substr($0, 9, length($0) - 9)
	if (index($0, "id_str=\"" tag "\"") == 1 || index($0, "id_str=\"" tag " ") == 1) marked = 1
	if (FILENAME == ARGV[1] || marked) next
}

inside && /^group=[^T]*$/ { strict = 1 }

inside && /^mac_addr=[0-2]$/ { mac = substr($0, 10); next }

# Of a learnt one we have written it, when the policy was that.
inside && /^mac_(addr|value)=/ { if (FILENAME == ARGV[1] && $0 == "mac_addr=3") mac = 3; next }

inside && lacked != "" && /^(pairwise|group)=/ { $0 = substr($0, 1, index($0, "=")) usable(substr($0, index($0, "=") + 1)) }

inside {
	if ($0 ~ /^ssid=/) ssid = name_in(substr($0, 6))
	if ($0 != "" && $0 !~ /^#/) block = block "\t" $0 "\n"
}

function usable(list,   word, n, i, out) {
	n = split(list, word, " ")
	for (i = 1; i <= n; i++) if (!index(lacked, " " word[i] " ")) out = out (out == "" ? "" : " ") word[i]
	return out == "" ? list : out
}

# The SSID of a setting. wpa_supplicant takes what lies before the last quote; after it there may be a comment.
function name_in(value) {
	if (match(value, /^P?".*"/)) return ssid_of(substr(value, 1, RLENGTH))
	sub(/[ \t]*#.*$/, "", value)
	return ssid_of(value)
}

function look(   part, name) {
	if (split($0, part, "\t") < 5 || part[4] !~ /WPA|RSN/) return
	name = ssid_of("P\"" part[5] "\"")
	if (!(name in choosy) || (name in lenient) || (only != "" && name != only)) return
	if (part[4] ~ /TKIP/ || part[4] !~ /(WPA2|RSN)-/) old[name] = part[5]
	else modern[name] = 1
}

END { if (want == "old") for (name in old) if (!(name in modern)) { print old[name]; exit } }

END { if (hides && (policy == "" || policy == "permanent")) print "preassoc_mac_addr=1" }

# While networks are looked for, the card's own address would be on the air.
function print_address(ssid,   style) {
	# Without that, our global part says random.
	style = mac == "" && policy == "per-network" && dedicated ? 3 : mac
	if (style == 3 && !dedicated) style = 1
	if (style == "") return
	print "\tmac_addr=" style
	if (style == 3) print "\tmac_value=" address_for(ssid)
	if (style > 0) hides = 1
}

# Bit 1 of the first byte says that an address was not given by a maker, bit 0 that it is of a group (IEEE 802-2014, 8.2.2).
function address_for(ssid,   ask, sum, first, out, i) {
	ask = "{ cat \047" secret "\047; echo \047 " ssid "\047; } | sha256sum"
	ask | getline sum
	close(ask)
	first = value_of(substr(sum, 1, 2))
	first = first - first % 4 + 2
	out = sprintf("%02x", first)
	for (i = 3; i <= 11; i += 2) out = out ":" substr(sum, i, 2)
	return out
}
