# drawn-in.awk: awk -f drawn-in.awk THERE INDEX
# THERE has lines "installed NAME-VERSION" and "fetched NAME-VERSION". Prints the names of those packages of INDEX (apk's
# APKINDEX) that are not fetched and whose install_if is met by what is installed or fetched. A package that is already
# installed is printed too: it may be there from an older cache, and the next boot has only the new one.

# The version begins at the last but one "-".
NR == FNR {
	there[$2] = 1
	name = $2
	sub(/-[^-]*-r[0-9]+$/, "", name)
	there[name] = 1
	if ($1 == "fetched") fetched[name] = 1
	next
}

/^P:/ { name = substr($0, 3) }
/^i:/ { wanted = substr($0, 3) }

/^$/ {
	if (wanted != "" && !(name in fetched) && is_met(wanted)) print name
	wanted = ""
}

END {
	if (wanted != "" && !(name in fetched) && is_met(wanted)) print name
}

# "openrc dnsmasq-common=2.91-r0": every name has to be there. Of comparisons other than "=" only the name counts.
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
