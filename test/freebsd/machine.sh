#!/bin/sh
# shellcheck disable=SC3043
#
# machine.sh IMAGE BUNDLE.tar: boots a disk image of FreeBSD in QEMU and runs all phases of accept.sh in it, with the reboots
# between. Root has to get in over ssh: without a password, as in FreeBSD's BASIC-CI images, or by the key ACCEPT_KEY. The
# image is not changed. Exit status: that of accept.sh, 3 when the machine does not come up.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 2 ] || [ ! -f "$1" ] || [ ! -f "$2" ]; then
  echo "usage: machine.sh IMAGE BUNDLE.tar" >&2
  exit 2
fi
: "${ACCEPT_PORT:=2422}" "${ACCEPT_KEY:=}"
# Seconds for a boot; emulated it takes minutes.
: "${ACCEPT_BOOT:=900}" "${ACCEPT_LIMIT:=7200}"
BUNDLE=$2
WORK=$(mktemp -d) || exit 3
qemu=''

main() {
  local phase status=0
  trap 'end' EXIT
  trap 'exit 130' HUP INT TERM
  qemu-img create -q -f qcow2 -b "$(readlink -f "$1")" -F "$(format_of "$1")" "$WORK/disk.qcow2" 20G || exit 3
  boot &
  qemu=$!
  await_up
  inside 'rm -rf /root/accept && mkdir /root/accept' || exit 3
  tar -C "$HERE" -cf - accept.sh lib fakes | inside 'tar -xf - -C /root/accept' || exit 3
  inside 'cat >/root/accept/bundle.tar' <"$BUNDLE" || exit 3
  for phase in before after-reboot after-removal; do
    [ "$phase" = before ] || reboot
    run_phase "$phase" || status=$?
    [ "$status" -ne 2 ] || break
  done
  return "$status"
}

format_of() { qemu-img info "$1" | awk '/^file format:/ { print $3 }'; }

# With an IOMMU, and a card that nothing uses: accept.sh's guest gets that one.
boot() {
  local speed='-accel tcg,thread=multi -cpu EPYC,+svm,+npt,vendor=AuthenticAMD' iommu=amd-iommu
  if [ -w /dev/kvm ]; then
    speed='-accel kvm -cpu host'
    ! grep -q GenuineIntel /proc/cpuinfo || iommu=intel-iommu
  fi
  # shellcheck disable=SC2086
  exec qemu-system-x86_64 -name accept -M q35 $speed -smp 2 -m 3072 -device "$iommu" -display none \
    -drive "if=none,id=d0,file=$WORK/disk.qcow2,format=qcow2,cache=unsafe" -device virtio-blk-pci,drive=d0,bootindex=1 \
    -netdev "user,id=n0,hostfwd=tcp:127.0.0.1:$ACCEPT_PORT-:22" -device virtio-net-pci,netdev=n0 \
    -device pcie-root-port,id=rp1,chassis=1 -netdev user,id=n1,restrict=on -device e1000e,netdev=n1,bus=rp1 \
    -device virtio-rng-pci -serial "file:$WORK/serial.log" ${ACCEPT_QEMU-} </dev/null
}

inside() { # COMMAND
  ssh -q ${ACCEPT_KEY:+-i "$ACCEPT_KEY"} -p "$ACCEPT_PORT" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=8 root@127.0.0.1 "$1"
}

await_up() {
  local until
  until=$(($(date +%s) + ACCEPT_BOOT))
  until inside true </dev/null; do
    if [ "$(date +%s)" -ge "$until" ] || ! kill -0 "$qemu" 2>/dev/null; then
      echo "machine.sh: the machine cannot be reached over ssh; its console:" >&2
      tail -n 40 "$WORK/serial.log" >&2
      exit 3
    fi
    sleep 5
  done
}

# It is up again when rc(8) has emptied /var/run.
reboot() {
  inside ': >/var/run/accept.before; shutdown -r now' </dev/null
  until inside '[ ! -e /var/run/accept.before ]' </dev/null; do
    sleep 5
    await_up
  done
}

# Not in the ssh session: the phase takes the network away for a while.
run_phase() { # PHASE
  local until status=''
  until=$(($(date +%s) + ACCEPT_LIMIT))
  echo "== $1"
  inside "cd /root/accept && rm -f status && nohup sh -c 'sh accept.sh --phase $1 --yes-this-machine-is-disposable bundle.tar >said 2>&1
    echo \$? >status' >/dev/null 2>&1 </dev/null &" </dev/null
  while [ -z "$status" ] && [ "$(date +%s)" -lt "$until" ] && kill -0 "$qemu" 2>/dev/null; do
    sleep 5
    status=$(inside 'cat /root/accept/status 2>/dev/null' </dev/null)
  done
  [ -n "$status" ] || { echo "machine.sh: the phase $1 did not end; the machine's console:" >&2; tail -n 40 "$WORK/serial.log" >&2; }
  inside 'cat /root/accept/said; [ -s /root/accept/status ] || tail -n 40 /var/db/airhive-accept/log' </dev/null
  return "${status:-1}"
}

end() {
  [ -z "$qemu" ] || { kill "$qemu" && wait "$qemu"; } 2>/dev/null
  rm -rf "$WORK"
}

main "$@"
