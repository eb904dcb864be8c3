# lease.awk: awk -v ours=ADDRESS/LENGTH -f lease.awk
# Reads what udhcpc has set from a DHCP answer (ip, mask, router, staticroutes, dns, search, domain) and prints what of it may be
# used, as lines. The answer is of whoever answered first, so nothing is printed but numbers, dots, and domains.
#   lease used|no-host|ours|wide
#   ip ADDRESS, mask LENGTH
#   router ADDRESS            those that may be the default route's, at most four: first those of the leased network
#   named ADDRESS...          all that the network names
#   dns ADDRESS               at most six
#   search DOMAIN...
#   route DEST/LENGTH ROUTER  at most sixteen; ROUTER is 0.0.0.0 for a network that is on the link (RFC 3442)
#   unused N DEST/LENGTH (REASON)[, ...]   how many routes of option 121 are not used; at most three of them are told

BEGIN {
	# Addresses in a network, by the length of its prefix. There are awks without powers.
	SIZE[32] = 1
	for (i = 31; i >= 0; i--) SIZE[i] = SIZE[i + 1] * 2
	split(ours, part, "/")
	host_net = number(part[1])
	host_length = part[2]
	ip = number(ENVIRON["ip"])
	mask = ENVIRON["mask"] == "" ? 24 : ENVIRON["mask"]
	if (mask !~ /^[0-9][0-9]?$/ || mask > 32) { ip = -1; mask = 32 }
	mask += 0
	print "ip " dotted(ip)
	print "mask " mask
	print "lease " judged()
	read_routes(ENVIRON["staticroutes"])
	tell_routers()
	tell_servers()
	tell_domains()
}

# number TEXT: the address as a number, or -1.
function number(text,   part, i) {
	if (length(text) > 15 || text !~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/) return -1
	split(text, part, ".")
	for (i = 1; i <= 4; i++) if (part[i] > 255) return -1
	return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
}

function dotted(address) {
	if (address < 0) return "0.0.0.0"
	return int(address / 16777216) "." int(address / 65536) % 256 "." int(address / 256) % 256 "." address % 256
}

# network ADDRESS LENGTH: the number of the network, not its first address.
function network(address, bits) { return int(address / SIZE[bits]) }

# is_no_host ADDRESS: "this network", loopback, multicast and above (RFC 6890, RFC 5771).
function is_no_host(address) {
	return address < 16777216 || network(address, 8) == 127 || address >= 3758096384
}

function is_broadcast(address) {
	return mask <= 30 && network(address, mask) == network(ip, mask) && (address + 1) % SIZE[mask] == 0
}

# is_elsewhere ADDRESS: it can be of a host, and not of one on the host's side.
function is_elsewhere(address) {
	return !is_no_host(address) && !is_broadcast(address) && network(address, host_length) != network(host_net, host_length)
}

function judged(   shorter) {
	if (is_no_host(ip) || is_broadcast(ip)) return "no-host"
	shorter = mask < host_length ? mask : host_length
	if (network(ip, shorter) == network(host_net, shorter)) return "ours"
	# Half of the Internet would count as on the link.
	return mask < 8 ? "wide" : "used"
}

# --- Routes (option 121) --------------------------------------------------------------------------------------------

# With this option the router option does not count, even if there is no default route in it (RFC 3442).
function read_routes(text,   n, word, i, why) {
	n = split(text, word, " ")
	named = n ? "" : ENVIRON["router"]
	for (i = 1; i <= n; i += 2) {
		why = judged_route(word[i], word[i + 1])
		if (why != "") unused(word[i], why)
	}
	if (left) print "unused " left " " reasons
}

# Prints the route, or takes its router for the default route's. Returns why it is not used.
function judged_route(destination, router,   part, address, bits, via) {
	if (destination !~ /^[0-9.]+\/[0-9][0-9]?$/) return "not a route"
	split(destination, part, "/")
	address = number(part[1])
	bits = part[2] + 0
	via = number(router)
	if (address < 0 || bits > 32 || via < 0) return "not a route"
	if (bits == 0) {
		if (via == 0) return "no router"
		named = named (named == "" ? "" : " ") dotted(via)
		return ""
	}
	if (bits < 8) return "splits the default route"
	# A server may leave bits in it that are not of the network (RFC 3442).
	address = network(address, bits) * SIZE[bits]
	if (is_no_host(address) || network(address, 16) == 43518) return "no network of hosts"
	# Of a wider one the host's range stays the exception, for it has the longer prefix.
	if (bits >= host_length && network(address, host_length) == network(host_net, host_length)) return "the host's own range"
	if (bits == mask && network(address, mask) == network(ip, mask)) return via == 0 ? "" : "the network itself"
	if (via != 0 && (!is_elsewhere(via) || via == ip)) return "no router"
	if (routes++ >= 16) return "too many"
	print "route " dotted(address) "/" bits " " dotted(via)
	return ""
}

function unused(destination, why) {
	if (++left > 3) return
	gsub("[^0-9./]", "", destination)
	reasons = reasons (left > 1 ? ", " : "") substr(destination, 1, 18) " (" why ")"
}

# --- The rest -------------------------------------------------------------------------------------------------------

# The kernel would take the leased address itself too.
function tell_routers(   n, word, i, address, near, far, all) {
	n = split(named, word, " ")
	for (i = 1; i <= n && i <= 64; i++) {
		if ((address = number(word[i])) < 0) continue
		if (i <= 16) all = all " " dotted(address)
		if (!is_elsewhere(address) || address == ip || count == 4) continue
		count++
		if (network(address, mask) == network(ip, mask)) near = near "router " dotted(address) "\n"
		else far = far "router " dotted(address) "\n"
	}
	printf "named%s\n%s%s", all, near, far
}

function tell_servers(   n, word, i, address, count) {
	n = split(ENVIRON["dns"], word, " ")
	for (i = 1; i <= n && count < 6; i++) {
		if ((address = number(word[i])) < 0 || !is_elsewhere(address)) continue
		print "dns " dotted(address)
		count++
	}
}

# As many and as long as the resolver takes (resolver(5) of FreeBSD). The list is of option 119, the one domain of option 15.
function tell_domains(   n, word, i, line, count) {
	n = split(ENVIRON["search"] == "" ? ENVIRON["domain"] : ENVIRON["search"], word, " ")
	for (i = 1; i <= n && count < 6; i++) {
		if (word[i] !~ /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?[.]?$/ || length(word[i]) > 253) continue
		if (length(line) + length(word[i]) > 254) break
		line = line " " word[i]
		count++
	}
	print "search" line
}
