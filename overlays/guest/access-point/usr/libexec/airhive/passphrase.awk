# passphrase.awk: awk -v want=HEX -v security=wpa2|wpa3|both -f ssid.awk -f passphrase.awk NETWORKS
# Prints what hostapd has to know of the first network={...} block of that SSID. Exit 3: there is none; 4: it has no
# passphrase; 5: it has only the raw key, which WPA3 cannot use; 6: the passphrase has no length from 8 to 63.

BEGIN { result = 3 }

{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, "") }

/^network=\{/ { inside = 1; ssid = ""; passphrase = ""; raw = ""; next }

inside && /^ssid=/ { ssid = ssid_of(substr($0, 6)) }

# As wpa_supplicant takes it: what lies before the last quote, or the 64 digits of the raw key.
inside && /^psk="/ && match($0, /".*"/) { passphrase = substr($0, RSTART + 1, RLENGTH - 2) }
inside && /^psk=[0-9A-Fa-f]+$/ && length($0) == 68 { raw = substr($0, 5) }
inside && /^sae_password="/ && match($0, /".*"/) { passphrase = substr($0, RSTART + 1, RLENGTH - 2) }
inside && /^sae_password=[0-9A-Fa-f]+$/ { passphrase = text_of(tolower(substr($0, 14))) }

inside && /^\}/ {
	inside = 0
	if (ssid != want) next
	result = 0
	# hostapd takes a passphrase to the end of the line, whatever is in it.
	if (passphrase != "" && (length(passphrase) < 8 || length(passphrase) > 63)) result = 6
	else if (passphrase != "") print "wpa_passphrase=" passphrase
	else if (raw == "") result = 4
	else if (security == "wpa2") print "wpa_psk=" raw
	else result = 5
	exit
}

END { exit result }

# Bytes of hexadecimal digits. None is 0, and a line break would begin another setting.
function text_of(hex,   i, out, byte) {
	out = ""
	for (i = 1; i < length(hex); i += 2) {
		byte = value_of(substr(hex, i, 2))
		if (byte < 32) return ""
		out = out sprintf("%c", byte)
	}
	return out
}
