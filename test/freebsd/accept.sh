#!/bin/sh
# shellcheck disable=SC3043,SC2015,SC2086
#
# accept.sh: what airhive promises to a FreeBSD machine, seen on one. It installs a bundle, kills the installation in the
# middle, starts, stops, sends to sleep, upgrades, rolls back and removes it, and compares every file with how it was.
# Only bhyve, bhyvectl and grub-bhyve are fakes (fakes/ beside it); everything else is the system's.

PATH=${AIRHIVE_PATH:-/bin:/usr/bin}
self=$(readlink -f "$0") || exit 2
HERE=${self%/*}
PATH=${AIRHIVE_PATH:-/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin}
LC_ALL=C
export PATH LC_ALL
umask 022

# AIRHIVE_ROOT: a played machine's /, as in the bundle's own scripts.
BOOT=${AIRHIVE_ROOT-}/boot DEV=${AIRHIVE_ROOT-}/dev ETC=${AIRHIVE_ROOT-}/etc LOCAL=${AIRHIVE_ROOT-}/usr/local
VAR=${AIRHIVE_ROOT-}/var
KEPT=$VAR/db/airhive-accept
RECORD=$VAR/db/airhive
# Seconds that something gets to happen by itself.
: "${ACCEPT_WAIT:=180}"

# shellcheck source=lib/report
. "$HERE/lib/report"
# shellcheck source=lib/snapshot
. "$HERE/lib/snapshot"
# shellcheck source=lib/guest
. "$HERE/lib/guest"
# shellcheck source=lib/before
. "$HERE/lib/before"
# shellcheck source=lib/booted
. "$HERE/lib/booted"

USAGE="usage: accept.sh [--phase PHASE] [--parts PART,...] [--card PLACE]
                 --yes-this-machine-is-disposable BUNDLE
BUNDLE is the directory or the tar of a bundle. The phases, one boot each:
  before         check dry killed install
  after-reboot   boot files disk service network sleep native upgrade
                 rollback remove
  after-removal  gone
Without --phase it is the next one. Reboot after each but the last.
Results and copies are in /var/db/airhive-accept.
0: all passed   1: something failed   2: wrong usage, or not the machine for it"

PHASE='' PARTS='' CARD='' BUNDLE_ARGUMENT='' DISPOSABLE=''

main() {
  local part
  read_arguments "$@"
  [ "$(id -u)" = 0 ] || refuse "must be run by root"
  command -v freebsd-version >/dev/null || refuse "this is not FreeBSD"
  [ -n "$DISPOSABLE" ] || refuse "it changes this machine, kills programs and takes its network away: run it on a machine that" \
    "can be thrown away, with --yes-this-machine-is-disposable"
  mkdir -p "$KEPT" && chmod 700 "$KEPT" || refuse "cannot write $KEPT"
  choose_phase
  provide_bundle
  : >"$KEPT/log"
  [ "$PHASE" != before ] || begin_machine
  for part in $PARTS; do
    PART=$part
    "part_$part"
  done
  [ "$PHASE" != after-removal ] || fakes_out
  say_next
  report_sum
}

refuse() { printf 'accept.sh: %s\n' "$*" >&2; exit 2; }

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) printf '%s\n' "$USAGE"; exit 0 ;;
      --yes-this-machine-is-disposable) DISPOSABLE=1 ;;
      --phase | --parts | --card)
        [ $# -gt 1 ] || refuse "$1 needs a value (--help)"
        case $1 in --phase) PHASE=$2 ;; --parts) PARTS=$(echo "$2" | tr , ' ') ;; *) CARD="--card $2" ;; esac
        shift ;;
      -*) refuse "there is no option $1 (--help)" ;;
      *) [ -z "$BUNDLE_ARGUMENT" ] || refuse "one bundle, and not $1 too"; BUNDLE_ARGUMENT=$1 ;;
    esac
    shift
  done
  [ -n "$BUNDLE_ARGUMENT" ] || { printf '%s\n' "$USAGE" >&2; exit 2; }
}

choose_phase() {
  local next=before all part
  [ ! -f "$KEPT/next" ] || read -r next <"$KEPT/next"
  case ${PHASE:=$next} in
    before) all='check dry killed install' ;;
    after-reboot) all='boot files disk service network sleep native upgrade rollback remove' ;;
    after-removal) all=gone ;;
    *) refuse "there is no phase $PHASE (--help)" ;;
  esac
  for part in $PARTS; do
    case " $all " in *" $part "*) ;; *) refuse "the phase $PHASE has no part $part: $all" ;; esac
  done
  : "${PARTS:=$all}"
  [ "$PHASE" = before ] || [ -f "$KEPT/snapshot.before" ] || refuse "the phase before has not been run on this machine"
}

# The bundle in a directory of ours: what it is copied from may be gone after a reboot.
provide_bundle() {
  local conf
  BUNDLE=$KEPT/bundle
  if [ "$PHASE" = before ]; then
    rm -rf "$BUNDLE" "$KEPT/newer" "$KEPT/results"
    mkdir -p "$BUNDLE"
    if [ -d "$BUNDLE_ARGUMENT" ]; then cp -Rp "$BUNDLE_ARGUMENT/." "$BUNDLE/"
    elif [ -f "$BUNDLE_ARGUMENT" ]; then
      rm -rf "$KEPT/unpacked" && mkdir "$KEPT/unpacked" && tar -xf "$BUNDLE_ARGUMENT" -C "$KEPT/unpacked" &&
        cp -Rp "$KEPT/unpacked"/*/. "$BUNDLE/"
    else refuse "there is no bundle $BUNDLE_ARGUMENT"; fi || refuse "$BUNDLE_ARGUMENT cannot be copied to $BUNDLE"
  fi
  conf=$BUNDLE/vm.conf
  [ -f "$conf" ] && [ -f "$BUNDLE/SHA256SUMS" ] || refuse "$BUNDLE_ARGUMENT is no bundle of airhive"
  # shellcheck source=/dev/null
  . "$conf"
  DATA=$HOST_DIR/data VMM=$DEV/vmm/$VM_NAME RUN=$VAR/run/airhive/$VM_NAME
}

say_next() {
  case $PHASE in
    before) echo after-reboot >"$KEPT/next"; echo "next: reboot, then accept.sh --phase after-reboot" ;;
    after-reboot) echo after-removal >"$KEPT/next"; echo "next: reboot, then accept.sh --phase after-removal" ;;
    after-removal) rm -f "$KEPT/next" ;;
  esac
}

main "$@"
