# drawn-in.awk: awk -f drawn-in.awk THERE INDEX
# THERE: lines NAME-VERSION, what is installed or will be. Prints the names of those packages of INDEX (apk's APKINDEX)
# that are not there and whose install_if says that they belong there.

# The version begins at the last but one "-".
NR == FNR {
	there[$0] = 1
	name = $0
	sub(/-[^-]*-r[0-9]+$/, "", name)
	there[name] = 1
	next
}

/^P:/ { name = substr($0, 3) }
/^i:/ { wanted = substr($0, 3) }

/^$/ {
	if (wanted != "" && !(name in there) && is_met(wanted)) print name
	wanted = ""
}

END {
	if (wanted != "" && !(name in there) && is_met(wanted)) print name
}

# "openrc dnsmasq-common=2.91-r0": all of it. Of other comparisons than "=" the name alone counts.
function is_met(conditions,   list, n, i, one) {
	n = split(conditions, list, " ")
	for (i = 1; i <= n; i++) {
		one = list[i]
		if (one ~ /^[^<>=~]+=/) sub(/=/, "-", one)
		else sub(/[<>=~].*/, "", one)
		if (!(one in there)) return 0
	}
	return 1
}
