# networks.awk: awk -v tag=ID [-v without=HEX] -f networks.awk SITE LEARNT...
# Prints the network={...} blocks of SITE, each marked with id_str="ID", then those of LEARNT that are not marked,
# whose SSID has not been printed and is not HEX. Everything outside of blocks is left out. Bytes, not characters:
# run it with LC_ALL=C or busybox awk.
# networks.awk: awk -v tag=ID -v want=names -f networks.awk /dev/null FILE
# Prints for each block its SSID as hexadecimal digits and "site" (marked) or "learnt".

BEGIN {
	for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
}

{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, "") }

/^network=\{[ \t]*(#.*)?$/ { inside = 1; block = ""; ssid = ""; marked = 0; next }

inside && /^\}[ \t]*(#.*)?$/ {
	inside = 0
	site = (FILENAME == ARGV[1])
	if (ssid == "" || ssid in seen) next
	if (want == "names") { print ssid, marked ? "site" : "learnt"; next }
	if (!site && (marked || ssid == without)) next
	seen[ssid] = 1
	print "network={"
	printf "%s", block
	if (site) print "\tid_str=\"" tag "\""
	print "}"
	next
}

inside && /^id_str=/ {
	if ($0 == "id_str=\"" tag "\"") marked = 1
	if (FILENAME == ARGV[1] || marked) next
}

inside {
	if ($0 ~ /^ssid=/) ssid = bytes(substr($0, 6))
	if ($0 != "" && $0 !~ /^#/) block = block "\t" $0 "\n"
}

# The SSID as hexadecimal digits, from "text", P"printf escapes" or hex (wpa_supplicant.conf(5)).
function bytes(value,   text) {
	# wpa_supplicant takes what lies before the last quote; after it there may be a remark.
	if (match(value, /^P?".*"/)) {
		text = substr(value, index(value, "\"") + 1, RLENGTH - index(value, "\"") - 1)
		return hex(value ~ /^P/ ? unescape(text) : text)
	}
	sub(/[ \t]*#.*$/, "", value)
	return tolower(value)
}

function hex(text,   i, out) {
	out = ""
	for (i = 1; i <= length(text); i++) out = out sprintf("%02x", code[substr(text, i, 1)])
	return out
}

function unescape(text,   i, c, out) {
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c != "\\") { out = out c; continue }
		c = substr(text, ++i, 1)
		if (c == "n") out = out "\n"
		else if (c == "r") out = out "\r"
		else if (c == "t") out = out "\t"
		else if (c == "e") out = out sprintf("%c", 27)
		else if (c == "x") { out = out sprintf("%c", unhex(substr(text, i + 1, 2))); i += 2 }
		else out = out c
	}
	return out
}

function unhex(digits) {
	return (index("0123456789abcdef", tolower(substr(digits, 1, 1))) - 1) * 16 + index("0123456789abcdef", tolower(substr(digits, 2, 1))) - 1
}
