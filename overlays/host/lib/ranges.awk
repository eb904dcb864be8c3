# ranges.awk: awk -v want=clash -v host=A.B.C.D -v width=BITS -v bridge=NAME -f ranges.awk
#             awk -v want=free  -v host=... -v guest=... -v width=... -v bridge=... -v lease=A.B.C.D/BITS -f ranges.awk
# Reads "ifconfig -a", a line "Routes", and "netstat -rn -f inet".
# clash: what on this machine shares addresses with the network of HOST, apart from the bridge itself, as one line
# free:  HOST/BITS and GUEST moved to a range that nothing here shares addresses with, nor LEASE; nothing if there is none

BEGIN {
  # Private, and the default of no router, hotspot or virtual machine that is known to us.
  many = split("10.137 172.27 10.214 172.30 172.24 192.168.211", candidate, " ")
}

$1 == "Routes" { routes = 1; next }
!routes && /^[A-Za-z]/ { name = $1; sub(/:$/, "", name); next }
!routes && $1 == "inet" && name != bridge { take($2, mask_in_line(), name " has " $2) }
$1 == "Destination" {
  for (i = 1; i <= NF; i++) { if ($i == "Netif") column = i; if ($i == "Flags") flags = i }
  next
}
# netstat cuts the name of the interface.
$1 !~ /^[0-9]/ || $column == bridge || $column == substr(bridge, 1, 8) { next }
# The way to an address of this machine, and to the network that an interface has an address in.
$2 ~ /^link#/ && ($column ~ /^lo[0-9]/ || $flags !~ /[HS]/) { next }
{
  count = split($1, to, "/")
  bits = count > 1 ? to[2] : 32
  # A wider route does no harm, since the narrower one wins; but a range that is proposed keeps clear of it too. A default
  # route that came in two halves is in the way of none.
  if (bits >= width || (want == "free" && bits > 1)) take(to[1], bits, "a route to " $1 " goes " ($2 ~ /^link#/ ? "over " $column : "through " $2))
}

END {
  if (want == "clash") print clashes(number(host), width)
  else print_free()
}

# --- Addresses ------------------------------------------------------------------------------------------------------

function number(address,  part) {
  split(address, part, ".")
  return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
}

function dotted(n) {
  return int(n / 16777216) "." int(n / 65536) % 256 "." int(n / 256) % 256 "." n % 256
}

# Of a mask as FreeBSD prints it, 0xffffff00.
function prefix_of(mask,  i, bits) {
  for (i = 3; i <= length(mask); i++) bits += index("8cef", substr(mask, i, 1))
  return bits + 0
}

# With a peer there are two words more before it.
function mask_in_line(  i) {
  for (i = 3; i < NF; i++) if ($i == "netmask") return prefix_of($(i + 1))
  return 32
}

function take(address, bits, text) {
  taken[++takers] = number(address)
  taken_bits[takers] = bits
  taker[takers] = text
}

function share(a, a_bits, b, b_bits,  size) {
  size = 2 ^ (32 - (a_bits < b_bits ? a_bits : b_bits))
  return int(a / size) == int(b / size)
}

function clashes(address, bits,  i, text) {
  for (i = 1; i <= takers; i++)
    if (share(address, bits, taken[i], taken_bits[i])) text = text (text == "" ? "" : ", ") taker[i] (taker[i] ~ / has / ? "/" taken_bits[i] : "")
  return text
}

# The same last numbers as before, so that nothing else of the profile has to change. A network of more than 65536
# addresses has no place in these.
function print_free(  i, base, size, leased) {
  if (width < 16) return
  size = 2 ^ (32 - width)
  split(lease, leased, "/")
  for (i = 1; i <= many; i++) {
    base = candidate[i]
    if (base ~ /^[0-9]+[.][0-9]+$/) base = base (width < 24 ? ".0" : ".1")
    else if (width < 24) continue
    base = number(base ".0")
    if (clashes(base, width) != "" || share(base, width, number(leased[1]), leased[2])) continue
    print dotted(base + number(host) % size) "/" width, dotted(base + number(guest) % size)
    return
  }
}
