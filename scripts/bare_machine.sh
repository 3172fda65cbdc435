#!/usr/bin/env bash
# ./run on a machine with nothing but Python: a clone of this tree in a fresh chroot, made by debootstrap and deleted after.
# Prints the seconds until the demo has ended and the megabytes that came with it. Needs root and debootstrap.
#     [SUITE=trixie] scripts/bare_machine.sh [./run | ./test …]      bookworm brings Python 3.11, trixie 3.13
set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(mktemp -d)
leave() {
  umount "$root/proc" "$root/dev" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}
trap leave EXIT

debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "${SUITE:-bookworm}" "$root" >/dev/null
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"  # those this machine trusts, and what it says of proxies
[ ! -f /etc/hosts ] || cp /etc/hosts "$root/etc/"
git clone -q "$tree" "$root/cutover"
before=$(du -sm --one-file-system "$root" | cut -f1)
began=$SECONDS
code=0
[ $# -gt 0 ] || set -- ./run
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 ${PIP_CERT:+PIP_CERT=$PIP_CERT} ${https_proxy:+https_proxy=$https_proxy} \
  chroot "$root" sh -c 'cd /cutover && exec "$@"' sh "$@" || code=$?
after=$(du -sm --one-file-system "$root" | cut -f1)
printf '%s: exit %s, %s s, %s MB (the clone and the bare system: %s MB)\n' "$*" "$code" "$((SECONDS - began))" "$((after - before))" "$before"
if [ -n "${CUTOVER_BENCHMARK_FIGURES:-}" ]; then  # asked for by `python -m benchmarks run bare-machine`
  printf '{"figure": "bare.seconds", "value": %s, "note": ""}\n{"figure": "bare.size", "value": %s, "note": ""}\n' \
    "$((SECONDS - began))" "$((after - before))" >>"$CUTOVER_BENCHMARK_FIGURES"
fi
exit "$code"
