#!/bin/sh
# For machines without a network: our wheel and every wheel it needs in one folder, with the installer beside them.
# `wheelhouse.sh [FOLDER]` makes it (dist/wheelhouse), for this machine's Python and platform; `--prove` installs from
# it where no network is (a namespace of its own; needs root) and rehearses.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
prove=
[ "${1:-}" != --prove ] || { prove=yes && shift; }
house=${1:-$here/dist/wheelhouse}

rm -rf "$house"
mkdir -p "$house"
house=$(CDPATH='' cd -- "$house" && pwd)
"$here/.venv/bin/python" -m build --wheel --outdir "$house" "$here" >/dev/null
"$here/.venv/bin/python" -m pip --disable-pip-version-check wheel --quiet \
    --constraint "$here/constraints.txt" --wheel-dir "$house" "$(echo "$house"/cutover_golive-*.whl)[postgres]"

cat >"$house/install.sh" <<'END'
#!/bin/sh
# Installs cutover from this folder alone: `install.sh [VENV]`, by default ./cutover-venv. Needs Python with venv.
set -eu
house=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${1:-cutover-venv}
(cd "$house" && sha256sum --check --quiet SHA256SUMS)
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-index --find-links "$house" 'cutover-golive[postgres]'
echo "installed: $venv/bin/cutover"
END
chmod +x "$house/install.sh"
(cd "$house" && sha256sum ./*.whl >SHA256SUMS)
echo "$(find "$house" -name '*.whl' | wc -l) wheels, $(du -sm "$house" | cut -f1) MB, in $house"
[ -n "$prove" ] || exit 0

bench=$(mktemp -d)
trap 'rm -rf "$bench"' EXIT
trap 'exit 130' INT TERM
# shellcheck disable=SC2016 # read by the shell inside
PYTHON="$here/.venv/bin/python" unshare --net sh -euc '
    ip link set lo up
    ! ip route | grep -q . || { echo "there is a route: this proves nothing" >&2; exit 1; }
    cd "$1"
    "$2/install.sh" venv
    PATH=$1/venv/bin:$PATH
    cutover doctor
    cutover init my-go-live
    cutover run start --type rehearsal --auto --programme my-go-live
    echo "wheelhouse: installed and rehearsed where no network is"
' sh "$bench" "$house"
