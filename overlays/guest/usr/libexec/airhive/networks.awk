# networks.awk: awk -v tag=ID [-v without=HEX] -f ssid.awk -f networks.awk SITE LEARNT...
# Prints the network={...} blocks of SITE, each marked with id_str="ID", behind it the marks that vm_site has given (trusted,
# public), then those of LEARNT that are not marked, whose SSID no earlier file has and which is not HEX. Several blocks
# of one file may have the same SSID: wpa_supplicant chooses among them. Everything outside of blocks is left out.
# networks.awk: awk -v tag=ID -v want=names -f ssid.awk -f networks.awk /dev/null FILE
# Prints each SSID once, as hexadecimal digits, and "site" (marked) or "learnt".

{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, "") }

/^network=\{[ \t]*(#.*)?$/ { inside = 1; block = ""; ssid = ""; marked = 0; marks = ""; next }

inside && /^\}[ \t]*(#.*)?$/ {
	inside = 0
	site = (FILENAME == ARGV[1])
	if (ssid == "" || ((ssid in seen) && (want == "names" || seen[ssid] != FILENAME))) next
	if (!site && want != "names" && (marked || ssid == without)) next
	seen[ssid] = FILENAME
	if (want == "names") { print ssid, marked ? "site" : "learnt"; next }
	print "network={"
	printf "%s", block
	if (site) print "\tid_str=\"" tag marks "\""
	print "}"
	next
}

inside && /^id_str=/ {
	if ($0 ~ /^id_str="(trusted|public|trusted public)"$/) marks = " " substr($0, 9, length($0) - 9)
	if (index($0, "id_str=\"" tag "\"") == 1 || index($0, "id_str=\"" tag " ") == 1) marked = 1
	if (FILENAME == ARGV[1] || marked) next
}

inside {
	if ($0 ~ /^ssid=/) ssid = name_in(substr($0, 6))
	if ($0 != "" && $0 !~ /^#/) block = block "\t" $0 "\n"
}

# The SSID of a setting. wpa_supplicant takes what lies before the last quote; after it there may be a comment.
function name_in(value) {
	if (match(value, /^P?".*"/)) return ssid_of(substr(value, 1, RLENGTH))
	sub(/[ \t]*#.*$/, "", value)
	return ssid_of(value)
}
