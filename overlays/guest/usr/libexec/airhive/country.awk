# country.awk: { iw phy PHY info; iw dev WLAN scan dump; } | awk -v ours=DE -f country.awk
# Prints "COUNTRY CHANNELS" when the access points say another country than the profile, and that of the profile closes
# channels that theirs has: a network on one of these is never found. Prints nothing when all is well, or nobody says one.
# Theirs is that of the present access point, else that of most. Only two letters and numbers of channels of our own card get
# through: anybody can send these, with any text beside them.

# The card: "* 2467 MHz [12] (disabled)", with a decimal point in newer ones.
/^[ \t]*\* [0-9.]+ MHz \[[0-9]+\]/ {
	band = $2 < 3000 ? "2.4 GHz" : $2 < 5925 ? "5 GHz" : ""
	if (band == "") next
	channel = substr($4, 2) + 0
	all[band]++
	of[channel] = band
	if ($0 ~ /\(disabled\)/) { closed[channel] = 1; shut[band]++ }
	if (channel > highest) highest = channel
	next
}

# What has been heard.
/^BSS / { present = / -- associated/; code = ""; next }

/^\tCountry: [A-Z][A-Z]\t/ {
	code = substr($2, 1, 2)
	if (code == "XX") code = ""
	if (code != "" && present) theirs = code
	if (code != "") said[code]++
	next
}

code != "" && /^\t\tChannels \[[0-9]+ - [0-9]+\]/ {
	first = substr($2, 2) + 0
	step = first <= 14 ? 1 : 4
	for (channel = first; channel <= $4 + 0 && channel <= highest; channel += step) has[code, channel] = 1
	next
}

{ if ($0 !~ /^\t\t/) code = "" }

END {
	if (theirs == "") for (code in said) if (said[code] > most) { most = said[code]; theirs = code }
	if (theirs == "" || theirs == ours) exit
	for (channel = 1; channel <= highest; channel++)
		if (closed[channel] && has[theirs, channel] && shut[of[channel]] < all[of[channel]])
			list = list (list == "" ? "" : ", ") channel
	if (list != "") list = (list ~ /,/ ? "channels " : "channel ") list
	# Of a band that is closed nothing is heard, not even which channels theirs has in it.
	if (all["2.4 GHz"] && shut["2.4 GHz"] == all["2.4 GHz"]) list = list (list == "" ? "" : " and ") "all of 2.4 GHz"
	if (all["5 GHz"] && shut["5 GHz"] == all["5 GHz"]) list = list (list == "" ? "" : " and ") "all of 5 GHz"
	if (list != "") print theirs, list
}
