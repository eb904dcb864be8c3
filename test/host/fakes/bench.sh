# shellcheck shell=sh disable=SC2034
# Shared by the fakes. STATE is the folder that plays the machine; ME is the command that is played.
# Each fake refuses what the FreeBSD command refuses, with a like message and status.

ME=${0##*/}
# Where a command that runs another looks for it.
CALLER_PATH=$PATH
PATH=/usr/bin:/bin:/usr/sbin:/sbin
ROOT=${STATE%/state}
BOOT=$ROOT/boot DEV=$ROOT/dev ETC=$ROOT/etc LOCAL=$ROOT/usr/local VAR=$ROOT/var
LC_ALL=C
export LC_ALL
PROCESSES=$STATE/processes
INTERFACES=$STATE/interfaces
VMM=$DEV/vmm

refuse() { # STATUS MESSAGE
  status=$1
  shift
  printf '%s: %s\n' "$ME" "$*" >&2
  printf '%s refused: %s\n' "$ME" "$*" >>"$STATE/refusals"
  exit "$status"
}

# What no FreeBSD would do to its user, and no script of ours may cause: every test fails that ends with one.
violation() { printf '%s: %s\n' "$ME" "$*" >>"$STATE/violations"; }

# Takes the first line off a plan and prints it.
next_of() {
  [ -s "$1" ] || return 1
  head -n 1 "$1"
  sed -i 1d "$1"
}

# A command that is built on libxo(3) prints JSON or XML when the environment asks for it.
as_libxo_wants() {
  case ,${LIBXO_OPTIONS-}, in *,json,* | *,xml,*) printf '{"__version": "1"}\n'; exit 0 ;; esac
}

# has LINE FILE, drop LINE FILE: whole lines.
has() { grep -Fqx -e "$1" "$2" 2>/dev/null; }

drop() {
  [ ! -f "$2" ] || ! has "$1" "$2" || { grep -Fvx -e "$1" "$2" >"$2.drop.$$"; cat "$2.drop.$$" >"$2"; rm -f "$2.drop.$$"; }
}

# A process that has ended but was not waited for yet does not count.
lives() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }

# Prints the process whose title is given, if it lives and does not only call itself so.
process_titled() {
  for file in "$PROCESSES"/*; do
    [ -f "$file" ] && [ ! -e "$STATE/users/${file##*/}" ] && [ ! -e "$STATE/jails/${file##*/}" ] && [ "$(cat "$file")" = "$1" ] && lives "${file##*/}" && echo "${file##*/}" && return 0
  done
  return 1
}

# Whose a process is, and the number of its jail; 0 is root, and none.
user_of() { cat "$STATE/users/$1" 2>/dev/null || echo 0; } # PID
jail_of() { cat "$STATE/jails/$1" 2>/dev/null || echo 0; } # PID

loaded() { has "$1" "$STATE/modules"; }

# The value of a variable of rc.conf as the boot sees it, and rc.d/netif, which also reads rc.conf.d/network.
rc_value() { # NAME
  ETC="$ETC" LOCAL="$LOCAL" sh -c 'set -- "$ETC/defaults/rc.conf" "$ETC/rc.conf" "$ETC/rc.conf.local"
    for d in "$LOCAL/etc" "$ETC"; do set -- "$@" "$d/rc.conf.d/network" "$d"/rc.conf.d/network/*; done
    for f; do [ ! -f "$f" ] || . "$f"; done
    eval "printf %s \"\${'"$1"'-}\""' 2>/dev/null
}

# --- Cards

driver_of() { sed -n "s/^\([a-z0-9_]*\)@$1:.*/\1/p" "$STATE/pciconf"; }

# give SELECTOR DRIVER: DRIVER (without a unit; none for nobody) holds the card from now on.
give() {
  unit=0
  while grep -q "^$2$unit@" "$STATE/pciconf"; do unit=$((unit + 1)); done
  sed -i "s/^[a-z0-9_]*@$1:/$2$unit@$1:/" "$STATE/pciconf"
}

# The cards that a module has a driver for get it, if nobody has them and nobody is meant to have them.
attach_natives() { # MODULE
  while read -r selector driver module; do
    [ "$module" = "$1" ] && [ ! -e "$STATE/fixed/$selector" ] || continue
    case $(driver_of "$selector") in none*) give "$selector" "$driver" ;; esac
  done <"$STATE/native"
}

# --- Interfaces: a file each, with lines such as "up", "inet 10.0.0.1/24", "member tap0", "opened PID"

# When bhyve is gone its tap is closed, and down with that.
settle() { # INTERFACE
  holder=$(sed -n 's/^held //p' "$INTERFACES/$1" 2>/dev/null)
  [ -z "$holder" ] || lives "$holder" || sed -i '/^held /d;/^up$/d' "$INTERFACES/$1"
}

has_address() { grep -q '^inet ' "$INTERFACES/$1" 2>/dev/null; }

# --- The guest

guest_answers() {
  [ ! -e "$STATE/silent" ] && [ -s "$STATE/guest-is-up" ] && lives "$(cat "$STATE/guest-is-up")"
}

is_root() { read -r uid <"$STATE/uid" && [ "$uid" = 0 ]; }
