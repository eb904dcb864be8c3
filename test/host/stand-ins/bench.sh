# shellcheck shell=sh disable=SC2034
# Shared by the stand-ins. STATE is the folder that plays the machine; ME is the command that is played.
# Each stand-in refuses what the FreeBSD command refuses, with a like message and status.

ME=${0##*/}
PATH=/usr/bin:/bin
PROCESSES=$STATE/processes
VMM=$STATE/dev/vmm

# One line for each call: the name and the arguments, separated by blanks (none of ours contains one).
record() { printf '%s\n' "$ME${*:+ $*}" >>"$STATE/calls"; }

refuse() { # STATUS MESSAGE
  status=$1
  shift
  printf '%s: %s\n' "$ME" "$*" >&2
  printf '%s refused: %s\n' "$ME" "$*" >>"$STATE/refusals"
  exit "$status"
}

# Takes the first line off a plan and prints it.
next_of() {
  [ -s "$1" ] || return 1
  head -n 1 "$1"
  sed -i 1d "$1"
}

# A process that has ended but was not waited for yet does not count.
lives() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }

# Prints the process whose title is given, if it lives.
process_titled() {
  for file in "$PROCESSES"/*; do
    [ -f "$file" ] && [ "$(cat "$file")" = "$1" ] && lives "${file##*/}" && echo "${file##*/}" && return 0
  done
  return 1
}
